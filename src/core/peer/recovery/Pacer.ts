/**
 * Spreads packets over time, so that a window of them does not fill the queue of the narrowest link at once: a bucket
 * of bytes that fills at the controller's rate. It is deep enough for the coarse timers of event loops, whose ring is a
 * millisecond late or two.
 */
export class Pacer {
  #credit = Number.POSITIVE_INFINITY
  #at = 0

  /**
   * Whether a packet may leave now. When it would be the only one under way (`alone`) it may: there is no queue for it
   * to lengthen, and a conversation of single messages would otherwise wait for a timer whenever it is faster than the
   * rate that it was measured at.
   */
  mayLeave(rate: number, packetSize: number, alone: boolean, now: number): boolean {
    this.#fill(rate, packetSize, now)
    if (alone) this.#credit = Math.max(this.#credit, packetSize)
    return this.#credit > 0
  }

  /** The credit may go below zero by one packet: the next one waits the longer. */
  onSent(bytes: number): void {
    this.#credit -= bytes
  }

  /** When the next packet may leave. */
  nextAt(rate: number): number {
    return this.#credit > 0 ? this.#at : this.#at + (1 - this.#credit) / rate
  }

  #fill(rate: number, packetSize: number, now: number): void {
    const depth = rate === Number.POSITIVE_INFINITY ? rate : Math.max(BURST * packetSize, rate * DEPTH_MS)
    const earned = rate === Number.POSITIVE_INFINITY ? rate : (now - this.#at) * rate
    this.#credit = Math.min(depth, this.#credit + earned)
    this.#at = now
  }
}

/** Packets that may leave together whatever the rate: the initial window of RFC 9002 §7.2, which every path takes. */
const BURST = 10
/** ms of rate that may leave together: a timer of 1 ms rings within 2, and collecting garbage takes another 1 or 2. */
const DEPTH_MS = 4
