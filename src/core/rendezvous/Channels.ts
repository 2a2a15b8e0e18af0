import type { Channel, FreshChannel, SessionId } from "./Registration.js"

/**
 * The channels between pairs of sessions. A pair has one, the same in both directions and for every introduction, until
 * either session ends.
 */
export class Channels {
  #of = new Map<SessionId, Map<SessionId, Channel>>()

  /** `onClosed` is told of each channel that is forgotten. */
  constructor(private readonly onClosed: (channel: Channel) => void = () => {}) {}

  /** The channel of this pair as each has it; `fresh` becomes it when there is none, and is then `isNew`. */
  between(left: SessionId, right: SessionId, fresh: FreshChannel): ChannelPair {
    const known = this.#of.get(left)?.get(right)
    const other = this.#of.get(right)?.get(left)
    if (known !== undefined && other !== undefined) return { left: known, right: other, isNew: false }
    const { channel, pairKey, tokens } = fresh
    const pair = {
      left: { channel, pairKey, ...(tokens === undefined ? {} : { token: tokens[0] }) },
      right: { channel, pairKey, ...(tokens === undefined ? {} : { token: tokens[1] }) },
      isNew: true
    }
    this.#add(left, right, pair.left)
    this.#add(right, left, pair.right)
    return pair
  }

  /** Forgets all channels of this session. */
  drop(session: SessionId): void {
    for (const [other, channel] of this.#of.get(session) ?? []) {
      this.#remove(other, session)
      this.onClosed(channel)
    }
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
      const [oldest, closed] = others.entries().next().value!
      this.#remove(session, oldest)
      this.#remove(oldest, session)
      this.onClosed(closed)
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

export interface ChannelPair {
  readonly left: Channel
  readonly right: Channel
  readonly isNew: boolean
}

/**
 * For one session; the oldest makes room, and its pair gets a new channel when it asks again. Nobody talks to a
 * thousand people at once, and at one query a second it takes an attacker a quarter of an hour to fill a table of 200
 * KB.
 */
export const MAX_CHANNELS = 1024
