/**
 * Foretells what arrives next. *Alone*: what two say to each other in turn comes so, and whoever waits for the rest of
 * a burst then waits in vain each time; in a burst, whoever does not wait answers each part by itself. *Soon*: where
 * the answers of the other side come within `SOON`, whoever goes to sleep meanwhile is late for each.
 */
export class Bursts {
  /** Bursts of one in a row, up to `ENOUGH`. */
  #alone = 0
  /** Of these, how many in a row came soon after the one before, up to `#enough`. */
  #soon = 0
  /** So many of those make it likely for the next one. */
  #enough = ENOUGH

  /** Whether the next one is likely to be all of its burst. */
  get isNextAlone(): boolean {
    return this.#alone === ENOUGH
  }

  /** Whether it is likely to come alone and within `SOON` of the last one. */
  get isNextSoon(): boolean {
    return this.#soon >= this.#enough
  }

  /** A burst of so many is over, within `SOON` of the one before or not. */
  ended(size: number, isSoon: boolean): void {
    this.#alone = size > 1 ? 0 : Math.min(ENOUGH, this.#alone + 1)
    const cameSoon = size === 1 && isSoon
    if (cameSoon && this.isNextSoon) this.#enough = ENOUGH
    this.#soon = cameSoon ? Math.min(this.#enough, this.#soon + 1) : 0
  }

  /** It was waited for in vain: before the next time twice as many have to come soon, until one comes. */
  missed(): void {
    this.#soon = 0
    this.#enough = Math.min(MOST, 2 * this.#enough)
  }
}

/**
 * Bursts of one that make a conversation. A flow of many has burst upon burst of several; to be wrong about it costs
 * one answer too many in so many bursts.
 */
export const ENOUGH = 8
/**
 * ms: a few round trips of two programs on one machine, which is where anybody answers that soon. A wait in vain takes
 * so much of the processor.
 */
export const SOON = 0.5
/**
 * Where every wait is in vain, as where both sides share a processor and neither can answer while the other one waits,
 * it is a hundredth of the time.
 */
const MOST = 1024
