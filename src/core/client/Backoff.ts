/**
 * How long to wait before the next attempt to reach the server: exponential with full jitter, so that the clients of a
 * server that came back do not arrive all at once.
 */
export class Backoff {
  #failures = 0

  /** Milliseconds to wait after one more failure. `random` is uniform in [0, 1). */
  next(random: number): number {
    const ceiling = Math.min(FIRST * FACTOR ** this.#failures, LONGEST)
    this.#failures++
    return Math.round(SHORTEST + random * (ceiling - SHORTEST))
  }

  /** The server was reached. */
  reset(): void {
    this.#failures = 0
  }
}

/** Half a second: a restarted server is back by then, and a person has not yet noticed. */
const FIRST = 500
/** Reaches the longest wait at the eighth failure, half a minute into an outage. */
const FACTOR = 1.7
/** Fifteen seconds: bounds both the load on a server that is down and the wait of a person after it is up again. */
const LONGEST = 15_000
/** Full jitter may draw zero; a floor keeps a refused dial from becoming a busy loop. */
const SHORTEST = 50
