/** Bytes a second over the last few seconds, from samples of how many bytes there were. */
export class Meter {
  /** Oldest first; at most `SAMPLES`. */
  private samples: Array<{ readonly at: number; readonly bytes: number }> = []

  /** `now` in ms; samples closer together than `STEP` count as one. */
  sample(now: number, bytes: number): void {
    const last = this.samples.at(-1)
    // What was there is gone: a new beginning.
    if (last !== undefined && bytes < last.bytes) this.samples = []
    if (last !== undefined && now - last.at < STEP && this.samples.length > 1) this.samples.pop()
    this.samples.push({ at: now, bytes })
    if (this.samples.length > SAMPLES) this.samples.shift()
  }

  rate(now: number): number {
    const recent = this.samples.filter(({ at }) => now - at <= WINDOW)
    const first = recent[0]
    if (first === undefined || now <= first.at) return 0
    return Math.round(((recent.at(-1)!.bytes - first.bytes) * 1000) / (now - first.at))
  }

  /** The flow begins anew: what was before says nothing of it. */
  reset(): void {
    this.samples = []
  }
}

/** Milliseconds: long enough that a number does not flicker, short enough to show a path that has become slow. */
const WINDOW = 4_000
const STEP = 250
const SAMPLES = WINDOW / STEP + 1
