/**
 * Foretells whether what arrives next comes alone. What two say to each other in turn does, and whoever waits for the
 * rest of a burst then waits in vain each time; in a burst, whoever does not wait answers each part by itself.
 */
export class Bursts {
  /** Bursts of one in a row, up to `ENOUGH`. */
  #alone = 0

  /** Whether the next one is likely to be all of its burst. */
  get isNextAlone(): boolean {
    return this.#alone === ENOUGH
  }

  /** A burst of so many is over. */
  ended(size: number): void {
    this.#alone = size > 1 ? 0 : Math.min(ENOUGH, this.#alone + 1)
  }
}

/**
 * Bursts of one that make a conversation. A flow of many has burst upon burst of several; to be wrong about it costs
 * one answer too many in so many bursts.
 */
export const ENOUGH = 8
