/** One line on a terminal that says what runs and how long it may take; nothing where nobody looks. */
export class Progress {
  private done = -1
  private readonly start = performance.now()
  private readonly seen = process.stderr.isTTY === true

  constructor(private readonly all: number) {}

  next(what: string): void {
    this.done++
    if (!this.seen) return
    const left =
      this.done === 0 ? "" : `, ${time(((performance.now() - this.start) / this.done) * (this.all - this.done))} left`
    const line = `[${this.done + 1}/${this.all}${left}] ${what}`
    process.stderr.write(`${CLEAR}${line.slice(0, (process.stderr.columns || 80) - 1)}`)
  }

  end(): void {
    if (this.seen) process.stderr.write(CLEAR)
  }
}

const time = (ms: number): string => {
  const seconds = Math.round(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}

/** To the beginning of the line, and nothing on it. */
const CLEAR = "\r\x1b[K"
