/**
 * A host's own view of time, in whole microseconds. Its monotonic reading runs at a rate of its own (`ppm` parts per
 * million fast, negative for slow); its wall reading is that plus an offset which people and NTP may move at any
 * moment.
 *
 * @since 0.1.0
 */
export class LocalClock {
  #anchorTrue = 0
  #anchorLocal = 0
  #ppm = 0
  #offset = 0
  readonly #epoch: number

  /** `epoch` is the wall time, in microseconds, of a clock without offset at the start of the run. */
  constructor(epoch: number) {
    this.#epoch = epoch
  }

  /** Parts per million that it runs fast. */
  get rate(): number {
    return this.#ppm
  }

  /** Local microseconds since the run began, at true time `now`. */
  monotonic(now: number): number {
    const elapsed = now - this.#anchorTrue
    return this.#anchorLocal + elapsed + Math.floor((elapsed * this.#ppm) / 1_000_000)
  }

  /** Local microseconds since 1970. */
  wall(now: number): number {
    return this.#epoch + this.#offset + this.monotonic(now)
  }

  /** The first true time at or after `now` at which the monotonic reading is at least `local`. Exact. */
  whenMonotonic(local: number, now: number): number {
    if (this.monotonic(now) >= local) return now
    const away = local - this.#anchorLocal
    let at = this.#anchorTrue + Math.ceil(away / (1 + this.#ppm / 1_000_000))
    // The division rounds; the answer is at most a step or two away, and has to be the very first.
    while (this.monotonic(at) < local) at++
    while (at > now && this.monotonic(at - 1) >= local) at--
    return at
  }

  /** Moves the wall reading by `micros`, as a step of NTP or a person does. */
  jump(micros: number): void {
    this.#offset += Math.round(micros)
  }

  /** From true time `now` on, runs `ppm` parts per million fast (more than -1,000,000). */
  drift(ppm: number, now: number): void {
    this.#anchorLocal = this.monotonic(now)
    this.#anchorTrue = now
    this.#ppm = ppm
  }
}
