import type { PeerId } from "../../domain/PeerId.js"
import type { ClientContext } from "./ClientContext.js"
import { failed } from "./ErrorTexts.js"
import type { QueryOutcome } from "./Introducer.js"
import type { QueryPurpose } from "./Purpose.js"

/**
 * Asks again, one at a time and at the pace that the server allows, for peers that we asked for and lost: after an
 * outage of the server, a timeout, a peer's restart; and for those that messages of an earlier process wait for. What
 * fails here is tried again at the next of these occasions.
 */
export class Reintroduction {
  /** Bounded by the number of conversations and of peers in the journal. */
  readonly #waiting = new Set<PeerId>()
  /** Who is being asked for. */
  #current: PeerId | undefined
  /** No query leaves before this time. */
  #notBefore = Number.NEGATIVE_INFINITY

  constructor(private readonly client: ClientContext) {}

  /** The peer should be asked for again, if we want it: `advance` does. */
  add(peer: PeerId): void {
    if (this.#isWanted(peer)) this.#waiting.add(peer)
  }

  /** Adds who is called so, if messages of an earlier process wait for them. */
  addPending(nick: string): void {
    const { pending } = this.client
    const peer = pending.byNick(nick)
    if (peer !== undefined && pending.nickOf(peer) !== undefined) this.add(peer)
  }

  /**
   * Adds everybody we asked for, or have kept messages for, who is not connected, or only over the relay, and did not
   * say goodbye.
   */
  addAll(): void {
    const { conversations, pending } = this.client
    for (const { asked, connected, departed, path, peer } of conversations.all())
      if (asked && !departed && (!connected || path === "relay")) this.add(peer)
    for (const peer of pending.all()) if (pending.nickOf(peer) !== undefined) this.add(peer)
  }

  /** Asks for the next one, if it is time; whether it did. */
  advance(now: number): boolean {
    const { conversations, pending, rendezvous } = this.client
    while (this.#current === undefined && now >= this.#notBefore) {
      const next = this.#waiting.values().next()
      if (next.done === true) return false
      const peer = next.value
      this.#waiting.delete(peer)
      // Without a server there is no introduction to be had; the next registration comes back to all of them.
      if (!this.#isWanted(peer) || !rendezvous.ready) continue
      const nick = pending.nickOf(peer)
      const conversation = nick === undefined ? conversations.get(peer)! : undefined
      this.#current = peer
      const asked = { nick: nick ?? conversation!.listed, expect: undefined, expected: peer }
      const purpose = { _tag: "Query", ...asked, conversation } as const
      rendezvous.query(purpose.nick, { ...purpose, ticket: undefined }, now)
      return true
    }
    return false
  }

  /** Whether what was asked for is still wanted when the answer comes: what we have left meanwhile stays left. */
  isWanted({ conversation, expected }: QueryPurpose): boolean {
    return conversation === undefined
      ? this.#isWanted(expected!)
      : conversation.asked && this.client.conversations.get(conversation.peer) === conversation
  }

  /** How the query went that `advance` made. */
  handleOutcome({ expected, nick }: QueryPurpose, outcome: QueryOutcome, now: number): void {
    this.#current = undefined
    if (outcome._tag === "RateLimited") {
      this.#waiting.add(expected!)
      this.#notBefore = now + Math.min(Math.max(outcome.retryAfterMs, PAUSE), LONGEST_PAUSE)
    } else if (outcome._tag === "Changed" && outcome.isNews) {
      this.client.output.tell(failed(outcome.error, nick))
    }
  }

  pollTimeout(): number | undefined {
    return this.#current === undefined && this.#waiting.size > 0 ? this.#notBefore : undefined
  }

  #isWanted(peer: PeerId): boolean {
    const { conversations, own, pending } = this.client
    if (own.profile?.contacts.get(peer)?.disputed === true) return false
    return conversations.get(peer)?.asked === true || pending.nickOf(peer) !== undefined
  }
}

/** Milliseconds: the pace at which a server lets queries through once the first ten are spent. */
const PAUSE = 1_000
/** A minute: what a server may ask for at most, so that one reply cannot stop all further queries. */
const LONGEST_PAUSE = 60_000
