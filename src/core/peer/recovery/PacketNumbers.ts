import type { Ack } from "../../../protocol/Frame.js"

/**
 * The packet numbers of one connection: ascending over all its keys, none used twice, and one of each `BLOCK` left out,
 * at a place that nobody can guess. Whoever acknowledges a number that was left out has not seen our packets, but makes
 * acknowledgements up so that more of them go to an address that he has named (RFC 9000 §21.4).
 */
export class PacketNumbers {
  /** Fresh unpredictable bytes. */
  readonly #random: (length: number) => Uint8Array
  #next = 0
  #leaveOut: number
  /** The latest numbers that were left out, ascending; at most `MAX_REMEMBERED`. */
  readonly #leftOut: Array<number> = []

  constructor(random: (length: number) => Uint8Array) {
    this.#random = random
    this.#leaveOut = this.#draw(0)
  }

  take(): number {
    if (this.#next === this.#leaveOut) {
      this.#leftOut.push(this.#next++)
      if (this.#leftOut.length > MAX_REMEMBERED) this.#leftOut.shift()
    }
    const number = this.#next++
    if (this.#next % BLOCK === 0) this.#leaveOut = this.#draw(this.#next)
    return number
  }

  /** Whether every number that this names was sent, as far as is remembered. */
  areSent({ ranges }: Ack): boolean {
    if (ranges[0]!.end > this.#next) return false
    let at = this.#leftOut.length - 1
    for (const { end, start } of ranges) {
      while (at >= 0 && this.#leftOut[at]! >= end) at--
      if (at < 0) return true
      if (this.#leftOut[at]! >= start) return false
    }
    return true
  }

  /** One of the numbers of the block that begins at `start`; not the last, so that the block's end is always taken. */
  #draw(start: number): number {
    return start + (this.#random(1)[0]! % (BLOCK - 1))
  }
}

/**
 * Numbers of which one is left out: whoever acknowledges blindly is found out within two of them, 300 KB of usual
 * packets, and an honest acknowledgement has one range more for each.
 */
const BLOCK = 128
/** Numbers left out that are remembered: those of all packets that can wait for an acknowledgement. */
const MAX_REMEMBERED = 64
