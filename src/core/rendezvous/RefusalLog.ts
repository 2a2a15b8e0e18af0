import { LinkedMap } from "../support/LinkedMap.js"
import { TokenBucket } from "../support/TokenBucket.js"

/**
 * Why somebody was turned away; the words stand in the log, and do not change.
 *
 * @since 0.1.0
 */
export type RefusalReason =
  | "connections"
  | "full"
  | "token"
  | "proof"
  | "server"
  | "malformed"
  | "unregistered"
  | "slow"
  | "proxy"
  | "banned"

/** A line for the log. `count`: how often since the line before about the same address. */
export interface RefusalLine {
  readonly from: string
  readonly reason: RefusalReason
  readonly count: number
}

/**
 * What the log says of those who are turned away: the first time of each address at once, and then at most once a
 * minute how often it was; in all no more lines than an operator's disk and eyes can take. The addresses of a flood can
 * be as many as they like: of those that were quiet longest nothing is known any more.
 */
export class RefusalLog {
  readonly #known = new LinkedMap<string, { count: number; readonly saidAt: number }>()
  readonly #lines: TokenBucket

  constructor(now: number) {
    this.#lines = new TokenBucket(LINES, now)
  }

  /** The line to write now, if there is one. */
  note(from: string, reason: RefusalReason, now: number): RefusalLine | undefined {
    const key = `${reason} ${from}`
    const known = this.#known.get(key)
    if (known !== undefined && now - known.saidAt < AGAIN_MS) {
      known.count++
      return undefined
    }
    const count = (known?.count ?? 0) + 1
    if (this.#lines.take(now) > 0) {
      if (known !== undefined) known.count++
      return undefined
    }
    this.#known.set(key, { count: 0, saidAt: now })
    const oldest = this.#known.size > MAX_KNOWN ? this.#known.oldest() : undefined
    if (oldest !== undefined) this.#known.delete(oldest.key)
    return { from, reason, count }
  }
}

const AGAIN_MS = 60_000
const LINES = { burst: 100, perSecond: 10 }
/** Addresses remembered, some 500 KB. */
const MAX_KNOWN = 4096
