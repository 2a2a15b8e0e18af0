import type { Stamp } from "./DeliveryRate.js"
import type { SentFrame } from "./SentFrame.js"

/** A packet that waits for its acknowledgement. */
export interface SentPacket {
  readonly number: number
  /** Grows by one with each of these packets: packet numbers have gaps where probes and acknowledgements used them. */
  readonly order: number
  readonly path: number
  readonly sentAt: number
  readonly bytes: number
  readonly frames: ReadonlyArray<SentFrame>
  readonly stamp: Stamp
}

/**
 * The packets under way, in the order in which they were sent. Their numbers ascend, so a number is found by binary
 * search, and the oldest packet stands in front.
 */
export class SentPackets {
  /**
   * Packets that were taken out leave a hole; holes in front are skipped, and cut off when they are half of the array.
   */
  #packets: Array<SentPacket | undefined> = []
  #numbers: Array<number> = []
  #head = 0
  #count = 0

  get size(): number {
    return this.#count
  }

  get oldest(): SentPacket | undefined {
    return this.#packets[this.#head]
  }

  get newest(): SentPacket | undefined {
    for (let i = this.#packets.length - 1; i >= this.#head; i--)
      if (this.#packets[i] !== undefined) return this.#packets[i]
    return undefined
  }

  push(packet: SentPacket): void {
    this.#packets.push(packet)
    this.#numbers.push(packet.number)
    this.#count++
  }

  /** Calls `visit` with each packet whose number is in `[start, end)`, the newest first, and takes it out. */
  takeRange(start: number, end: number, visit: (packet: SentPacket) => void): void {
    for (let i = this.#before(end); i >= this.#head && this.#numbers[i]! >= start; i--) {
      const packet = this.#packets[i]
      if (packet === undefined) continue
      this.#packets[i] = undefined
      this.#count--
      visit(packet)
    }
    this.#trim()
  }

  /**
   * Calls `visit` with each packet, the oldest first, until it answers `stop`. A packet that it answers `take` for is
   * taken out.
   */
  scan(visit: (packet: SentPacket) => "keep" | "take" | "stop"): void {
    for (let i = this.#head; i < this.#packets.length; i++) {
      const packet = this.#packets[i]
      if (packet === undefined) continue
      const verdict = visit(packet)
      if (verdict === "stop") break
      if (verdict === "keep") continue
      this.#packets[i] = undefined
      this.#count--
    }
    this.#trim()
  }

  /** The place of the last packet whose number is below `end`. */
  #before(end: number): number {
    let low = this.#head
    let high = this.#packets.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#numbers[middle]! < end) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #trim(): void {
    while (this.#head < this.#packets.length && this.#packets[this.#head] === undefined) this.#head++
    if (this.#head * 2 < this.#packets.length) return
    this.#packets = this.#packets.slice(this.#head)
    this.#numbers = this.#numbers.slice(this.#head)
    this.#head = 0
  }
}
