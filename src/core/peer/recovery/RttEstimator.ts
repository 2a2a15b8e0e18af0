/**
 * Round-trip time of one path (RFC 9002 §5): smoothed value, variation, minimum. All in ms. Before the first sample the
 * values are a guess, which the first sample replaces.
 */
export class RttEstimator {
  #latest = INITIAL_RTT
  #smoothed = INITIAL_RTT
  #variation = INITIAL_RTT / 2
  #minimum = Number.POSITIVE_INFINITY
  #sampled = false
  /** The shortest sample of this span and of the one before, and when this one began. */
  #least = Number.POSITIVE_INFINITY
  #leastBefore = Number.POSITIVE_INFINITY
  #spanBegan = Number.NEGATIVE_INFINITY

  get latest(): number {
    return this.#latest
  }

  /** The shortest sample; infinite before the first. */
  get minimum(): number {
    return this.#minimum
  }

  get smoothed(): number {
    return this.#smoothed
  }

  /**
   * What the path takes when nothing waits on it: the shortest sample of the last 10 to 20 s in which there was one, or
   * the guess. What we send ourselves, or a busy machine, lengthens all the others.
   */
  get unloaded(): number {
    const least = Math.min(this.#least, this.#leastBefore)
    return least === Number.POSITIVE_INFINITY ? this.#smoothed : least
  }

  /** Whether a measurement has replaced the guess. */
  get sampled(): boolean {
    return this.#sampled
  }

  /** Replaces the guess, if nothing was measured yet. */
  guess(rtt: number): void {
    if (this.#sampled) return
    this.#latest = this.#smoothed = rtt
    this.#variation = rtt / 2
  }

  /** One measurement; `ackDelay` is what the peer says it held the acknowledgement back. */
  update(sample: number, ackDelay: number, now: number): void {
    this.#latest = sample
    if (now >= this.#spanBegan + SPAN) {
      this.#leastBefore = this.#least
      this.#least = Number.POSITIVE_INFINITY
      this.#spanBegan = now
    }
    this.#least = Math.min(this.#least, sample)
    this.#minimum = Math.min(this.#minimum, sample)
    if (!this.#sampled) {
      this.#sampled = true
      this.#smoothed = sample
      this.#variation = sample / 2
      return
    }
    const delay = Math.min(ackDelay, MAX_ACK_DELAY)
    const adjusted = sample - delay >= this.#minimum ? sample - delay : sample
    this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - adjusted)
    this.#smoothed = 0.875 * this.#smoothed + 0.125 * adjusted
  }

  /** How long after it was sent a packet counts as lost once a later one is acknowledged (RFC 9002 §6.1.2). */
  lossDelay(): number {
    return Math.max(GRANULARITY, (9 / 8) * Math.max(this.#latest, this.#smoothed))
  }

  /**
   * How long to wait for an acknowledgement before sending a probe (RFC 9002 §6.2.1), `attempt` counting the probes
   * already sent in vain. The first wait is shorter than the RFC's: for a lone chat line the timer is the only repair,
   * and a needless copy of one small packet costs nothing.
   */
  probeTimeout(attempt: number): number {
    const standard = this.#smoothed + Math.max(4 * this.#variation, GRANULARITY) + MAX_ACK_DELAY
    if (attempt === 0) return Math.min(standard, 1.5 * this.#smoothed + MAX_ACK_DELAY + GRANULARITY)
    return Math.min(standard * 2 ** Math.min(attempt - 1, MAX_BACKOFF), MAX_PROBE_TIMEOUT)
  }

  /** A span of loss as long as this means that the path as such stopped working (RFC 9002 §7.6.1). */
  persistentCongestionDuration(): number {
    return 3 * (this.#smoothed + Math.max(4 * this.#variation, GRANULARITY) + MAX_ACK_DELAY)
  }
}

/** ms: the shortest sample. One of zero, as on loopback with a coarse clock, would make every timer zero. */
export const GRANULE = 0.1
/** ms before anything is known: RFC 9002 §6.2.2. */
export const INITIAL_RTT = 333
/**
 * ms a receiver may hold an acknowledgement back: a quarter of what people notice, and the default of RFC 9000 §18.2.
 */
export const MAX_ACK_DELAY = 25
/** ms: the step of timers in event loops (RFC 9002 §6.1.2 recommends the same). */
export const GRANULARITY = 1
/** ms after which the shortest sample is looked for anew, so that a path that became longer is seen as that. */
const SPAN = 10_000
/** Doublings after which the wait no longer grows; far more than `MAX_PROBE_TIMEOUT` allows to matter. */
const MAX_BACKOFF = 10
/** ms: a peer that answers again is noticed within this, well inside the time after which it counts as gone. */
const MAX_PROBE_TIMEOUT = 3_000
