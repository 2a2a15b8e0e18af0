import type { Endpoint } from "../../domain/Endpoint.js"
import type { Fingerprint } from "../../domain/Fingerprint.js"
import type { LanEnd, LanName } from "../../protocol/Lan.js"

/** What somebody showed of itself, checked. */
export interface NeighbourCard extends LanEnd {
  /** The signed record. */
  readonly bytes: Uint8Array
  readonly nick: string
  readonly fingerprint: Fingerprint
  /** Of its peer link. */
  readonly endpoint: Endpoint
}

/** Somebody who was announced, and what we want of it: its card, or an answer to our invitation. */
export class Neighbour {
  card: NeighbourCard | undefined
  /** Unanswered invitations of ours. */
  queries: Array<number> = []
  #attempts = 0
  #next: number | undefined

  constructor(
    readonly name: LanName,
    /** Where it was announced or last heard. */
    public endpoint: Endpoint,
    now: number
  ) {
    this.#next = now
  }

  /** Whether a card would be an answer. */
  get waiting(): boolean {
    return this.#next !== undefined
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

  /** The card came: whom it answers. */
  answered(): ReadonlyArray<number> {
    this.#next = undefined
    return this.queries.splice(0)
  }

  /** What to send now, if anything. */
  due(now: number): "ask" | "invite" | undefined {
    if (this.#next === undefined || now < this.#next || this.#attempts >= WAITS.length) return undefined
    this.#next = now + WAITS[this.#attempts]!
    this.#attempts++
    return this.queries.length > 0 ? "invite" : "ask"
  }

  /** Gives up when the last wait is over: whose queries failed. */
  expire(now: number): ReadonlyArray<number> {
    if (this.#next === undefined || now < this.#next || this.#attempts < WAITS.length) return []
    return this.answered()
  }

  #begin(now: number): void {
    this.#attempts = 0
    this.#next = now
  }
}

/**
 * Milliseconds after each packet: a local network answers in one or two, Wi-Fi asleep in some hundred. All in all 3.1
 * s, so that a person who asks for somebody that has gone is told soon.
 */
const WAITS = [200, 400, 800, 1_700]
