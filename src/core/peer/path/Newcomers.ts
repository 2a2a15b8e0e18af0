import { MAX_CANDIDATES } from "../../../protocol/Frame.js"

/**
 * How many new addresses a peer may make us probe: a bucket of `MAX_NEWCOMERS` that empties by one each
 * `NEWCOMER_INTERVAL`.
 */
export class Newcomers {
  #count = 0
  #at = 0

  /** Whether one more may be probed now; counts it. */
  admit(now: number): boolean {
    this.#count = Math.max(0, this.#count - (now - this.#at) / NEWCOMER_INTERVAL)
    this.#at = now
    if (this.#count + 1 > MAX_NEWCOMERS) return false
    this.#count++
    return true
  }
}

/**
 * New addresses at once: what the introduction, the handshake and a roaming peer with as many interfaces bring
 * together.
 */
const MAX_NEWCOMERS = 4 * MAX_CANDIDATES
/** ms: a hostile peer makes us send at most eight probes (300 bytes) in this time to addresses of its choice. */
const NEWCOMER_INTERVAL = 2_000
