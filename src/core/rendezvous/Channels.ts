import type { Channel, SessionId } from "./Registration.js"

/**
 * The channels between pairs of sessions. A pair has one, the same in both directions and for every introduction, until either
 * session ends.
 */
export class Channels {
  #of = new Map<SessionId, Map<SessionId, Channel>>()

  /** The channel of this pair; `fresh` becomes it when there is none. */
  between(left: SessionId, right: SessionId, fresh: Channel): Channel {
    const known = this.#of.get(left)?.get(right)
    if (known !== undefined) return known
    this.#add(left, right, fresh)
    this.#add(right, left, fresh)
    return fresh
  }

  /** Forgets all channels of this session. */
  drop(session: SessionId): void {
    for (const other of this.#of.get(session)?.keys() ?? []) this.#remove(other, session)
    this.#of.delete(session)
  }

  /** Pairs that have a channel. */
  get size(): number {
    let ends = 0
    for (const others of this.#of.values()) ends += others.size
    return ends / 2
  }

  #add(session: SessionId, other: SessionId, channel: Channel): void {
    let others = this.#of.get(session)
    if (others === undefined) {
      others = new Map()
      this.#of.set(session, others)
    }
    if (others.size >= MAX_CHANNELS) {
      const [oldest] = others.keys()
      this.#remove(session, oldest!)
      this.#remove(oldest!, session)
      others = this.#of.get(session) ?? others
    }
    others.set(other, channel)
  }

  #remove(session: SessionId, other: SessionId): void {
    const others = this.#of.get(session)
    others?.delete(other)
    if (others?.size === 0) this.#of.delete(session)
  }
}

/**
 * For one session; the oldest makes room, and its pair gets a new channel when it asks again. Nobody talks to a thousand people at once, and
 * at one query a second it takes an attacker a quarter of an hour to fill a table of 200 KB.
 */
export const MAX_CHANNELS = 1024
