import * as Nickname from "../../domain/Nickname.js"
import type * as Control from "../../protocol/Control.js"
import { MAX_ROSTER, type Roster } from "../control/Presence.js"
import type { ClientContext } from "./ClientContext.js"
import type { Busy, NickInvalid, ServerError } from "./ClientError.js"
import { notRegistered, ofRefusal, protocol, unreachable } from "./ErrorTexts.js"
import { Interest } from "./Interest.js"
import type { Ticket } from "./Output.js"
import type { PeerInfo } from "./PeerInfo.js"
import type { Reintroduction } from "./Reintroduction.js"
import type { Answer } from "./Rendezvous.js"

/**
 * Who else is there: what the user asks for (`list`), and what is told without being asked, of those in whom there is
 * `Interest`.
 *
 * A new session with the server begins with doubt: who was here in the one before may be here still, be late after the
 * same outage, or have left meanwhile. What the server says settles it, and `DOUBT` does where it says nothing.
 */
export class Presence {
  readonly #interest: Interest
  readonly #present = new PresentNicks()
  /** Of those, whom this session has not shown yet. */
  #doubtful = new Set<string>()
  #doubtUntil: number | undefined
  /** Answers under way that tell who is here, and whom those before have told. */
  #opening = 0
  #found: Array<string> = []
  /** The lists that are being read; one for each call of the user that waits. */
  readonly #listings = new Map<Ticket<ReadonlyArray<PeerInfo>, ServerError>, Listing>()

  constructor(
    private readonly client: ClientContext,
    private readonly reintroduction: Reintroduction
  ) {
    this.#interest = new Interest(client)
  }

  /** A new session with the server: what was known before proves nothing. */
  begin(now: number): void {
    this.#opening = 0
    this.#found = []
    this.#doubtful = new Set(this.#present.keep((nick) => this.#interest.isWatched(nick)))
    this.#doubtUntil = this.#doubtful.size > 0 ? now + DOUBT : undefined
    this.#interest.begin()
  }

  /** Wants to hear of this nickname, or of everybody; the error when that cannot be. */
  watch(nick: string | undefined): NickInvalid | Busy | undefined {
    return this.#interest.watch(nick)
  }

  unwatch(nick: string | undefined): void {
    this.#interest.unwatch(nick)
  }

  /** Our user asked for somebody: they are here, or `undefined` for nobody of that name. */
  asked(nick: string, found: string | undefined): void {
    if (found === undefined) this.#interest.missed(nick)
    else {
      this.#present.joined(found)
      this.#doubtful.delete(found)
    }
  }

  /** Asks the server for what there is interest in; whether it did. */
  advance(now: number): boolean {
    // Where the server has no room, all its answers say how little there is.
    if (this.#opening > 0 && this.#interest.isFull) return false
    const requests = this.#interest.advance(now)
    this.#opening += requests
    return requests > 0
  }

  /**
   * What is said of other people's presence: news for the user, and a hint for the conversations concerned. A peer that
   * was gone and registers again under the identity that we asked for is asked for again.
   */
  handle(event: PresenceEvent, now: number): void {
    switch (event._tag) {
      case "Joined":
        // After a restart of the server everybody joins anew, and living conversations need no introduction.
        this.#came(event, false, now)
        return
      case "Left":
        this.#left(event.nick, now)
        return
      case "Changed":
        this.#isThere(event, true, now)
        return
      case "Presence":
        // Of somebody who took another nickname both are told: gone under the one, here under the other.
        for (const nick of event.gone) if (this.#present.has(nick)) this.#left(nick, now)
        for (const { fingerprint = "", nick } of event.here) {
          // Whoever was here in this very session is here with another one of theirs.
          const again = this.#present.has(nick) && !this.#doubtful.has(nick)
          this.#came({ fingerprint, nick }, again, now)
        }
        return
      case "Roster":
        for (const nick of this.#present.departed(event)) this.#left(nick, now)
        for (const entry of event.clients) this.#isThere(entry, false, now)
    }
  }

  /** The server watches these nicknames (everybody, where there are none), or does not. */
  handleWatching(nicks: ReadonlyArray<string> | undefined, answer: Answer, now: number): void {
    if (nicks === undefined) return
    if (answer._tag === "Refused") this.#interest.refused(nicks, now)
    if (answer._tag === "Watching" && answer.here === undefined) this.#interest.nicksUnknown()
    for (const { fingerprint = "", nick } of (answer._tag === "Watching" && answer.here) || []) {
      const isNews = !this.#present.has(nick)
      // Whom this session has shown already, or introduced us to, is no more there than before.
      if (!isNews && !this.#doubtful.has(nick)) continue
      if (isNews) this.#found.push(nick)
      this.#present.joined(nick)
      this.#doubtful.delete(nick)
      this.#isThere({ fingerprint, nick }, false, now)
    }
    if (this.#opening > 0) this.#opening--
    if (this.#opening > 0 || this.#found.length === 0) return
    this.client.output.tell({ _tag: "Present", nicks: this.#found })
    this.#found = []
  }

  /**
   * Reads the whole list, page by page, at the pace that the server allows. Who is on it counts as present from then
   * on.
   */
  list(ticket: Ticket<ReadonlyArray<PeerInfo>, ServerError>, now: number): void {
    const listing: Listing = { found: [], after: undefined, requests: 0, resumeAt: undefined }
    this.#listings.set(ticket, listing)
    this.#ask(ticket, listing, now)
  }

  /** Nobody waits for this list any more. */
  cancel(ticket: Ticket<ReadonlyArray<PeerInfo>, ServerError>): void {
    this.#listings.delete(ticket)
  }

  /** A page of a list has come, or a refusal. */
  handlePage(ticket: Ticket<ReadonlyArray<PeerInfo>, ServerError>, answer: Answer, now: number): void {
    const listing = this.#listings.get(ticket)
    if (listing === undefined) return
    if (answer._tag === "Listed") {
      for (const { address, fingerprint, nick } of answer.entries) {
        this.#present.joined(nick)
        listing.found.push({ nick, address, fingerprint })
      }
      if (answer.next === undefined) {
        this.#finish(ticket, listing.found)
        return
      }
      if (answer.next === listing.after || listing.found.length > MAX_CLIENTS) {
        this.#endless(ticket, listing)
        return
      }
      listing.after = answer.next
      this.#ask(ticket, listing, now)
      return
    }
    if (answer._tag !== "Refused") {
      this.#finish(ticket, answer._tag === "Nobody" ? notRegistered() : unreachable(NO_ANSWER))
      return
    }
    const { refusal } = answer
    if (refusal._tag !== "RateLimited" || listing.after === undefined) {
      this.#finish(ticket, ofRefusal(refusal))
      return
    }
    listing.resumeAt = now + Math.min(Math.max(refusal.retryAfterMs, 0), LONGEST_PAUSE)
  }

  handleTimeout(now: number): void {
    this.#interest.handleTimeout(now)
    for (const [ticket, listing] of this.#listings)
      if (listing.resumeAt !== undefined && now >= listing.resumeAt) this.#ask(ticket, listing, now)
    if (this.#doubtUntil === undefined || now < this.#doubtUntil) return
    this.#doubtUntil = undefined
    for (const nick of [...this.#doubtful]) this.#left(nick, now)
  }

  pollTimeout(): number | undefined {
    const pauses = [...this.#listings.values()].map(({ resumeAt }) => resumeAt)
    const all = [this.#doubtUntil, this.#interest.pollTimeout(), ...pauses].filter((time) => time !== undefined)
    return all.length === 0 ? undefined : Math.min(...all)
  }

  #ask(ticket: Ticket<ReadonlyArray<PeerInfo>, ServerError>, listing: Listing, now: number): void {
    listing.resumeAt = undefined
    if (listing.requests++ >= MAX_REQUESTS) {
      this.#endless(ticket, listing)
      return
    }
    this.client.rendezvous.list(listing.after, { _tag: "List", ticket }, now)
  }

  #endless(ticket: Ticket<ReadonlyArray<PeerInfo>, ServerError>, { found }: Listing): void {
    this.#finish(ticket, protocol(`the server's list does not end (${found.length} entries so far)`))
  }

  #finish(ticket: Ticket<ReadonlyArray<PeerInfo>, ServerError>, result: ReadonlyArray<PeerInfo> | ServerError): void {
    this.#listings.delete(ticket)
    this.client.output.answer(ticket, result)
  }

  #came(entry: Pick<PeerInfo, "fingerprint" | "nick">, again: boolean, now: number): void {
    const { nick } = entry
    if (nick === this.client.own.registration?.nick) return
    const isNews = !this.#present.has(nick) && this.#interest.includes(nick)
    this.#doubtful.delete(nick)
    this.#present.joined(nick)
    if (isNews) this.client.output.tell({ _tag: "Joined", nick })
    this.#isThere(entry, again, now)
  }

  #left(nick: string, now: number): void {
    const { conversations, output, peers } = this.client
    this.#doubtful.delete(nick)
    this.#present.left(nick)
    if (this.#interest.includes(nick)) output.tell({ _tag: "Left", nick })
    const conversation = conversations.byNick(nick)
    // Whoever has the nickname now, if it is not the one that we know by it, has nothing to do with them.
    if (conversation === undefined || Nickname.key(conversation.called) !== Nickname.key(nick)) return
    conversation.absent = true
    peers?.nudge(conversation.peer, now)
  }

  /** Somebody is there, `again` when it is certain that the session is another than the one we were introduced to. */
  #isThere({ fingerprint, nick }: Pick<PeerInfo, "fingerprint" | "nick">, again: boolean, now: number): void {
    const { conversations, peers } = this.client
    this.reintroduction.addPending(nick)
    const conversation = fingerprint === "" ? undefined : conversations.byFingerprint(fingerprint)
    if (conversation === undefined) return
    conversations.list(conversation, nick)
    const isNewSession = again || conversation.absent
    if (conversation.departed && !isNewSession) return
    // The relay serves sessions, so a new one needs a new introduction.
    if (isNewSession || !conversation.connected || conversation.path === "relay")
      this.reintroduction.add(conversation.peer)
    else peers?.nudge(conversation.peer, now)
  }
}

export type PresenceEvent =
  | { readonly _tag: "Joined" | "Left" | "Changed"; readonly nick: string; readonly fingerprint: string }
  | typeof Control.Presence.Type
  | ({ readonly _tag: "Roster" } & Roster)

/**
 * The nicknames that our consumer believes to be present, because a list or a `Joined` said so: what a departure is
 * news about when events were missed. At most `MAX_ROSTER`; of others a missed departure goes unnoticed.
 */
class PresentNicks {
  readonly #nicks = new Set<string>()

  joined(nick: string): void {
    if (this.#nicks.size < MAX_ROSTER) this.#nicks.add(nick)
  }

  left(nick: string): void {
    this.#nicks.delete(nick)
  }

  has(nick: string): boolean {
    return this.#nicks.has(nick)
  }

  /** Forgets the others; gives those that it kept. */
  keep(isKept: (nick: string) => boolean): ReadonlyArray<string> {
    for (const nick of this.#nicks) if (!isKept(nick)) this.#nicks.delete(nick)
    return [...this.#nicks]
  }

  /** Who has left unnoticed, according to the list as it is now. */
  departed({ clients, complete, touched }: Roster): ReadonlyArray<string> {
    if (!complete) return []
    const listed = new Set(clients.map(({ nick }) => nick))
    const gone = [...this.#nicks].filter((nick) => !listed.has(nick) && !touched.has(nick))
    for (const nick of gone) this.#nicks.delete(nick)
    return gone
  }
}

interface Listing {
  readonly found: Array<PeerInfo>
  /** The last nickname of the page before. */
  after: string | undefined
  requests: number
  /** When the next page may be asked for; `undefined` while one is under way. */
  resumeAt: number | undefined
}

const NO_ANSWER = "the server cannot be reached now; it is tried again by itself"

/** ms that somebody who was here may take to come back after an outage: twice the time in which all do. */
const DOUBT = 30_000

/** The largest list that is read in one go: some 20 MB. */
const MAX_CLIENTS = 100_000
/** Full pages of the largest list, and as many pauses. */
const MAX_REQUESTS = 4_000
/** Milliseconds; a server that wants longer pauses gets another refusal to send. */
const LONGEST_PAUSE = 5_000
