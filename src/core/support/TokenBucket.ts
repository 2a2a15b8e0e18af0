/**
 * A rate: `burst` at once, then `perSecond`.
 *
 * @since 0.1.0
 */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** Holds up to `burst` tokens and gains `perSecond` of them; full at the beginning. */
export class TokenBucket {
  readonly #rate: Rate
  #tokens: number
  #at: number

  constructor(rate: Rate, now: number) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.#at = now
  }

  /**
   * Takes `amount` tokens (at most `burst`), giving 0, or takes none and gives the ms (at least 1) until there are as
   * many.
   */
  take(now: number, amount = 1): number {
    const wait = this.wait(now, amount)
    if (wait === 0) this.#tokens = Math.max(0, this.#tokens - amount)
    return wait
  }

  /** The ms until there are `amount` tokens (at most `burst`); 0 when there are. */
  wait(now: number, amount = 1): number {
    this.#gain(now)
    if (this.#tokens >= amount - ROUNDING) return 0
    return Math.max(1, Math.ceil(((amount - this.#tokens) / this.#rate.perSecond) * 1000))
  }

  /** The tokens that are there; negative while there is a debt. */
  left(now: number): number {
    this.#gain(now)
    return this.#tokens
  }

  /** Takes tokens for what was done already, also those that are not there yet, down to a debt of one `burst`. */
  charge(now: number, amount: number): void {
    this.#gain(now)
    this.#tokens = Math.max(-this.#rate.burst, this.#tokens - amount)
  }

  /** Puts tokens back that were taken for what did not happen. */
  giveBack(amount: number): void {
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + amount)
  }

  /** Whether it is full at `now`: then it is no different from a new one. */
  isFull(now: number): boolean {
    return this.#tokens + (Math.max(0, now - this.#at) / 1000) * this.#rate.perSecond >= this.#rate.burst
  }

  #gain(now: number): void {
    const gained = (Math.max(0, now - this.#at) / 1000) * this.#rate.perSecond
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained)
    this.#at = now
  }
}

/** Tolerance in tokens: after the wait that `take` gave, the tokens must suffice in spite of rounding. */
const ROUNDING = 1e-9
