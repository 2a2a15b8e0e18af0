import * as Nickname from "../../domain/Nickname.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { Conversations } from "./Conversations.js"

/**
 * The peers that messages of an earlier process wait for, until we ask for them again. The user asked for each of them
 * when the messages were written, so asking again needs no further word (law 2); leaving the conversation takes it
 * back.
 *
 * At most as many as a journal remembers.
 */
export class PendingPeers {
  readonly #nicks = new Map<PeerId, string>()
  #revision = 0

  constructor(private readonly conversations: Conversations) {}

  add(peer: PeerId, nick: string): void {
    this.#nicks.set(peer, nick)
    this.#revision++
  }

  /** Grows with each change. */
  get revision(): number {
    return this.#revision
  }

  /** How to ask for a peer; `undefined` when nothing waits for it, or we have asked already. */
  nickOf(peer: PeerId): string | undefined {
    const nick = this.#nicks.get(peer)
    const conversation = this.conversations.get(peer)
    return nick === undefined || conversation?.asked === true ? undefined : (conversation?.nick ?? nick)
  }

  /** Who was called so when the messages were written, or is now. */
  byNick(nick: string): PeerId | undefined {
    const peer = this.conversations.byNick(nick)?.peer
    if (peer !== undefined && this.#nicks.has(peer)) return peer
    for (const [candidate, known] of this.#nicks) if (Nickname.key(known) === Nickname.key(nick)) return candidate
    return undefined
  }

  all(): ReadonlyArray<PeerId> {
    return [...this.#nicks.keys()]
  }

  forget(peer: PeerId): void {
    this.#nicks.delete(peer)
    this.#revision++
  }
}
