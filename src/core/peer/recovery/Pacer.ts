/**
 * Spreads packets over time, so that a window of them does not fill the queue of the narrowest link at once: a bucket
 * of bytes that fills at the controller's rate. It is deep enough for the timers of event loops, which are a
 * millisecond or two late.
 */
export class Pacer {
  #credit = Number.POSITIVE_INFINITY
  #at = 0

  /**
   * Whether a packet may leave now. A packet that would be the only one under way (`alone`) always may: it lengthens no
   * queue, and the messages of a conversation would otherwise wait for a timer whenever they are written faster than
   * the rate measured so far.
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
    return this.#credit > 0 ? this.#at : this.#at + Math.max(FINEST, (1 - this.#credit) / rate)
  }

  #fill(rate: number, packetSize: number, now: number): void {
    const depth = rate === Number.POSITIVE_INFINITY ? rate : Math.max(BURST * packetSize, rate * DEPTH_MS)
    const earned = rate === Number.POSITIVE_INFINITY ? rate : (now - this.#at) * rate
    this.#credit = Math.min(depth, this.#credit + earned)
    this.#at = now
  }
}

/**
 * ms: a shorter wait is none where the time is a number of 13 digits, and a timer that is due at once, with nothing to
 * send, would be due again for ever on a clock that stands still meanwhile.
 */
const FINEST = 0.001
/** Packets that may leave together at any rate: the initial window of RFC 9002 §7.2, which every path takes. */
const BURST = 10
/**
 * ms of the rate that may leave together: a timer of 1 ms fires within 2, and a garbage collection takes another 1 or
 * 2.
 */
const DEPTH_MS = 4
