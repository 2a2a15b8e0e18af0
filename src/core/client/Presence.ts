import * as Nickname from "../../domain/Nickname.js"
import { MAX_ROSTER, type Roster } from "../control/Presence.js"
import type { ClientContext } from "./ClientContext.js"
import { notRegistered, ofRefusal, protocol, type ServerError, unreachable } from "./ClientError.js"
import type { Ticket } from "./Output.js"
import type { PeerInfo } from "./PeerInfo.js"
import type { Reintroduction } from "./Reintroduction.js"
import type { Answer } from "./Rendezvous.js"

/** Who else is there: what the user asks for (`list`), and what is told without being asked. */
export class Presence {
  readonly #present = new PresentNicks()
  /** The lists that are being read; one for each call of the user that waits. */
  readonly #listings = new Map<Ticket<ReadonlyArray<PeerInfo>, ServerError>, Listing>()

  constructor(
    private readonly client: ClientContext,
    private readonly reintroduction: Reintroduction
  ) {}

  /** A new session with the server: what was known before proves nothing. */
  begin(): void {
    this.#present.clear()
  }

  /**
   * What is said of other people's presence: news for the user, and a hint for the conversations concerned. A peer that
   * was gone and registers again under the identity that we asked for is asked for again.
   */
  handle(event: PresenceEvent, now: number): void {
    switch (event._tag) {
      case "Joined":
        if (event.nick === this.client.own.registration?.nick) return
        this.#present.joined(event.nick)
        this.client.output.tell({ _tag: "Joined", nick: event.nick })
        // After a restart of the server everybody joins anew, and living conversations need no introduction.
        this.#isThere(event, false, now)
        return
      case "Left":
        this.#present.left(event.nick)
        this.#left(event.nick, now)
        return
      case "Changed":
        this.#isThere(event, true, now)
        return
      case "Roster":
        for (const nick of this.#present.departed(event)) this.#left(nick, now)
        for (const entry of event.clients) this.#isThere(entry, false, now)
    }
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
    for (const [ticket, listing] of this.#listings)
      if (listing.resumeAt !== undefined && now >= listing.resumeAt) this.#ask(ticket, listing, now)
  }

  pollTimeout(): number | undefined {
    let next: number | undefined
    for (const { resumeAt } of this.#listings.values())
      if (resumeAt !== undefined && (next === undefined || resumeAt < next)) next = resumeAt
    return next
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

  #left(nick: string, now: number): void {
    const { conversations, output, peers } = this.client
    output.tell({ _tag: "Left", nick })
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
    conversation.listed = nick
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

  clear(): void {
    this.#nicks.clear()
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

/** The largest list that is read in one go: some 20 MB. */
const MAX_CLIENTS = 100_000
/** Full pages of the largest list, and as many pauses. */
const MAX_REQUESTS = 4_000
/** Milliseconds; a server that wants longer pauses gets another refusal to send. */
const LONGEST_PAUSE = 5_000
