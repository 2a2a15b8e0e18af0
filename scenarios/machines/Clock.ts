/** Virtual ms, and what is to happen when; what is to happen at one time does in the order of the calls. */
export class Clock {
  now = 0
  readonly #times: Array<number> = []
  readonly #deeds: Array<() => void> = []

  /** Has `run` happen at this time, or now where that is past. */
  at(time: number, run: () => void): void {
    let place = this.#times.length
    // The latest stand in front, and most of what is new is late: but there are few.
    while (place > 0 && this.#times[place - 1]! <= time) place--
    this.#times.splice(place, 0, time)
    this.#deeds.splice(place, 0, run)
  }

  /** Goes on to what is next; whether there was anything. */
  step(): boolean {
    const run = this.#deeds.pop()
    if (run === undefined) return false
    this.now = Math.max(this.now, this.#times.pop()!)
    run()
    return true
  }
}
