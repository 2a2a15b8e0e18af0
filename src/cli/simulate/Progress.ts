/** How far a sweep has come. Times are ms of a clock that never jumps. */
export class Progress {
  #runs = 0
  #virtualMs = 0

  readonly #total: number
  readonly #startedAt: number

  constructor(total: number, startedAt: number) {
    this.#total = total
    this.#startedAt = startedAt
  }

  add(runs: number, virtualMs: number): void {
    this.#runs += runs
    this.#virtualMs += virtualMs
  }

  /** A bar for a terminal of `columns` cells. */
  bar(now: number, columns: number): string {
    const text = ` ${this.text(now)}`
    const cells = Math.max(0, Math.min(LONGEST_BAR, columns - text.length - 1))
    const full = Math.floor((this.#runs / this.#total) * cells)
    return `${"█".repeat(full)}${"░".repeat(cells - full)}${text}`
  }

  /** `1200 of 5000 seeds, 3100 a minute, 400 times real time, 1 min 13 s to go`. */
  text(now: number): string {
    const elapsed = Math.max(1, now - this.#startedAt)
    const pace = this.#runs / elapsed
    const left =
      this.#runs === 0 || this.#runs >= this.#total ? "" : `, ${duration((this.#total - this.#runs) / pace)} to go`
    const speed = `${Math.round(pace * 60_000)} a minute, ${Math.round(this.#virtualMs / elapsed)} times real time`
    return `${this.#runs} of ${this.#total} seeds, ${speed}${left}`
  }

  /** What the sweep came to. */
  summary(now: number): string {
    const elapsed = Math.max(1, now - this.#startedAt)
    const pace = Math.round((this.#runs / elapsed) * 60_000)
    return `${this.#runs} seeds, ${duration(this.#virtualMs)} of virtual time in ${duration(elapsed)}: ${pace} seeds a minute`
  }
}

/** Two units are exact enough: `1 h 13 min`, `2 min 5 s`, `0.8 s`. */
const duration = (ms: number): string => {
  const seconds = ms / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Cells: long enough to see it move, short enough to leave room for the figures. */
const LONGEST_BAR = 30
