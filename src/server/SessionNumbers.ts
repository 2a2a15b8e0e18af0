import type { SessionId } from "../domain/Registration.js"
import { type ClusterOptions, COUNTER_BITS } from "./Cluster.js"

/**
 * Numbers for connections, and for the ends of channels: whoever is one of several nodes has a part of them to itself,
 * and does not soon come to those that it used before it was started last.
 */
export class SessionNumbers {
  readonly #node: ClusterOptions["node"] | undefined
  readonly #most: number
  #last = 0

  constructor(node: ClusterOptions["node"] | undefined, random: (length: number) => Uint8Array) {
    this.#node = node
    this.#most = node === undefined ? MAX_NUMBER : 2 ** COUNTER_BITS - 1
    if (node === undefined) return
    const [high = 0, middle = 0, low = 0] = random(3)
    this.#last = high * 65_536 + middle * 256 + low
  }

  /**
   * The next one. After all of them (four billion, or 16 million of each of several nodes) they begin anew, and pass
   * over those that are still in use.
   */
  next(isUsed: (number: number, id: SessionId) => boolean): number {
    for (;;) {
      this.#last = this.#last >= this.#most ? 1 : this.#last + 1
      const number = (this.#node?.slot() ?? 0) * 2 ** COUNTER_BITS + this.#last
      if (!isUsed(number, this.idOf(number))) return number
    }
  }

  idOf(number: number): SessionId {
    return (this.#node === undefined ? String(number) : `${this.#node.id}.${number}`) as SessionId
  }
}

/** What a channel's name has room for. */
const MAX_NUMBER = 0xffff_ffff
