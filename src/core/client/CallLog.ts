import { TokenBucket } from "../support/TokenBucket.js"

/**
 * Which of the calls that others make are news. Somebody who calls again and again is told of a few times, with how
 * often they have called since; strangers, of whom there is no end, share a budget. What is not told still counts.
 *
 * At most `MAX_CALLERS` are remembered; who was silent longest goes first.
 */
export class CallLog {
  readonly #callers = new Map<string, Caller>()
  readonly #strangers: TokenBucket
  #untold = 0

  constructor(now: number) {
    this.#strangers = new TokenBucket(STRANGERS, now)
  }

  /**
   * Somebody called; what to tell, if anything. `isRefused`: there is nothing to answer, only a reason why it was
   * refused.
   */
  note(
    caller: string,
    who: { readonly isStranger: boolean; readonly isRefused: boolean },
    now: number
  ): News | undefined {
    const { isRefused, isStranger } = who
    const rate = isRefused ? REFUSED : EACH
    const known = this.#callers.get(caller) ?? { bucket: new TokenBucket(rate, now), untold: 0 }
    this.#callers.delete(caller)
    this.#callers.set(caller, known)
    for (const oldest of this.#callers.keys()) {
      if (this.#callers.size <= MAX_CALLERS) break
      this.#callers.delete(oldest)
    }
    if (known.bucket.take(now) > 0) {
      known.untold++
      return undefined
    }
    if (isStranger && this.#strangers.take(now) > 0) {
      known.untold++
      this.#untold++
      return undefined
    }
    const news = { calls: known.untold + 1, hidden: this.#untold }
    known.untold = 0
    this.#untold = 0
    return news
  }

  /** The call still stands, and was told before: it is only counted. */
  repeat(caller: string): void {
    const known = this.#callers.get(caller)
    if (known !== undefined) known.untold++
  }
}

export interface News {
  /** How often this one has called since it was told of last, this call included. */
  readonly calls: number
  /** Calls of other strangers that were not told since the last one that was. */
  readonly hidden: number
}

interface Caller {
  readonly bucket: TokenBucket
  untold: number
}

/** Who calls, hangs up and calls again, as a script does that says a line each time; and then once a minute. */
const EACH = { burst: 20, perSecond: 1 / 60 }
/** Who cannot be answered anyway: once in ten minutes. */
const REFUSED = { burst: 1, perSecond: 1 / 600 }
/** All strangers together: a room full of newcomers, and then a line in ten seconds. */
const STRANGERS = { burst: 32, perSecond: 1 / 10 }
const MAX_CALLERS = 1_024
