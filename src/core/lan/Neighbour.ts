import type { Endpoint } from "../../domain/Endpoint.js"
import type { Fingerprint } from "../../domain/Fingerprint.js"
import * as Bytes from "../../protocol/Bytes.js"
import { type LanEnd, type LanName, NONCE_BYTES } from "../../protocol/Lan.js"

/** What somebody showed of itself, checked. */
export interface NeighbourCard extends LanEnd {
  /** The signed record. */
  readonly bytes: Uint8Array
  readonly nick: string
  readonly fingerprint: Fingerprint
  /** Of its peer link. */
  readonly endpoint: Endpoint
}

/**
 * Somebody who was announced, and what we want of it: its card, or an answer to our invitation.
 *
 * Each question has 16 random bytes of its own, which the card has to return, signed: so no card can be shown twice. An
 * invitation needs the cookie of a card that was given to our address a moment ago; so whoever is to be invited is
 * asked for its card first, each time.
 */
export class Neighbour {
  card: NeighbourCard | undefined
  /** Unanswered invitations of ours. */
  queries: Array<number> = []
  /** What is being asked; a card is an answer only with the same bytes. */
  #question: Question | undefined
  /** What our next question shows, so that it is an invitation. */
  #cookie: Uint8Array | undefined
  #attempts = 0
  #next: number | undefined
  /** Invitations that were taken, by their question. */
  #taken: ReadonlyArray<{ readonly question: Uint8Array; readonly at: number }> = []

  constructor(
    readonly name: LanName,
    /** Where it was announced or last heard. */
    public endpoint: Endpoint,
    now: number
  ) {
    this.#next = now
  }

  /** What we are asking and a card with these bytes would answer. */
  answers(question: Uint8Array): Question | undefined {
    const asked = this.#question
    return this.#next !== undefined && asked !== undefined && Bytes.equal(asked.bytes, question) ? asked : undefined
  }

  /**
   * An invitation with a good cookie came: `new`, `known` (the same one once more), or `undefined` when there were too
   * many lately.
   */
  invited(question: Uint8Array, now: number): "new" | "known" | undefined {
    this.#taken = this.#taken.filter(({ at }) => now < at + COOKIE_LIFE)
    if (this.#taken.some((taken) => Bytes.equal(taken.question, question))) return "known"
    if (this.#taken.length >= MAX_TAKEN) return undefined
    this.#taken = [...this.#taken, { question, at: now }]
    return "new"
  }

  get timeout(): number | undefined {
    return this.#next
  }

  /**
   * Heard again: it is asked anew if it has not answered yet, or is somewhere else now, which is what a restart looks
   * like.
   */
  announced(endpoint: Endpoint, now: number): void {
    const isElsewhere = endpoint.address !== this.endpoint.address || endpoint.port !== this.endpoint.port
    if (this.#next !== undefined || (this.card !== undefined && !isElsewhere)) return
    this.endpoint = endpoint
    this.#begin(now)
  }

  invite(id: number, now: number): void {
    this.queries.push(id)
    this.#begin(now)
  }

  /** The card came that we had asked for; with it we can invite, if that is wanted. */
  asked(cookie: Uint8Array, now: number): void {
    this.#next = undefined
    this.#question = undefined
    if (this.queries.length > 0) this.#begin(now, cookie)
  }

  /** The card came that answers our invitation: whom it answers. */
  answered(): ReadonlyArray<number> {
    this.#next = undefined
    return this.queries.splice(0)
  }

  /** What to ask now, if anything: the same question again, until a card has come. `random` gives its bytes. */
  due(now: number, random: (length: number) => Uint8Array): Question | undefined {
    if (this.#next === undefined || now < this.#next || this.#attempts >= WAITS.length) return undefined
    this.#next = now + WAITS[this.#attempts]!
    this.#attempts++
    this.#question ??= { bytes: random(NONCE_BYTES), at: this.endpoint, cookie: this.#cookie }
    return this.#question
  }

  /** Gives up when the last wait is over: whose queries failed. */
  expire(now: number): ReadonlyArray<number> {
    if (this.#next === undefined || now < this.#next || this.#attempts < WAITS.length) return []
    return this.answered()
  }

  #begin(now: number, cookie?: Uint8Array): void {
    this.#question = undefined
    this.#cookie = cookie
    this.#attempts = 0
    this.#next = now
  }
}

export interface Question {
  readonly bytes: Uint8Array
  /** Where it is asked. */
  readonly at: Endpoint
  /** In an invitation, that of the card before. */
  readonly cookie: Uint8Array | undefined
}

/** ms for which an invitation may be shown that has a cookie of ours; as long it is remembered. */
export const COOKIE_LIFE = 120_000
/** Invitations of one neighbour in this time: a person asks once, and again after a restart. */
const MAX_TAKEN = 8

/**
 * Milliseconds after each packet: a local network answers in one or two, Wi-Fi asleep in some hundred. All in all 3.1
 * s, so that a person who asks for somebody that has gone is told soon.
 */
const WAITS = [200, 400, 800, 1_700]
