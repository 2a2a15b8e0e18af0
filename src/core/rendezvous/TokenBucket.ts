/** A rate: `burst` at once, then `perSecond`. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** Holds up to `burst` tokens and gains `perSecond` of them; full at the beginning. */
export class TokenBucket {
  #tokens: number
  #at: number

  constructor(
    private readonly rate: Rate,
    now: number
  ) {
    this.#tokens = rate.burst
    this.#at = now
  }

  /** Takes one token, giving 0, or takes none and gives the ms (at least 1) until there is one. */
  take(now: number): number {
    const gained = (Math.max(0, now - this.#at) / 1000) * this.rate.perSecond
    this.#tokens = Math.min(this.rate.burst, this.#tokens + gained)
    this.#at = now
    if (this.#tokens >= 1 - ROUNDING) {
      this.#tokens = Math.max(0, this.#tokens - 1)
      return 0
    }
    return Math.max(1, Math.ceil(((1 - this.#tokens) / this.rate.perSecond) * 1000))
  }

  /** Whether it is full at `now`: then it is no different from a new one. */
  isFull(now: number): boolean {
    return this.#tokens + (Math.max(0, now - this.#at) / 1000) * this.rate.perSecond >= this.rate.burst
  }
}

/** The promised wait must be enough whatever the fractions lost on the way. */
const ROUNDING = 1e-9
