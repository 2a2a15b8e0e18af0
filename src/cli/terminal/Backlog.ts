import { type Printed, plainly } from "./Wrap.js"

/**
 * What is to be printed with the next frame. Of messages that come faster than anybody reads, the newest stay; the
 * others are told as a number. What the program says itself is never left out.
 */
export class Backlog {
  #waiting: Array<Printed> = []
  /** Lines of it in all. */
  #lines = 0
  /** Messages that were left out, by who wrote them. */
  readonly #skipped = new Map<string, number>()

  /** Entries that wait. */
  get size(): number {
    return this.#waiting.length
  }

  add(printed: ReadonlyArray<Printed>): void {
    for (const each of printed) {
      this.#waiting.push(each)
      this.#lines += height(each)
    }
    if (this.#lines > 2 * MAX_LINES) this.#skip()
  }

  /** All of it; `tell` says that so many messages are left out. */
  take(tell: (from: string, count: number) => Printed): ReadonlyArray<Printed> {
    if (this.#lines > MAX_LINES) this.#skip()
    const told = [...this.#skipped].map(([from, count]) => tell(from, count))
    const taken = [...told, ...this.#waiting]
    this.#skipped.clear()
    this.#waiting = []
    this.#lines = 0
    return taken
  }

  /** Leaves out the oldest messages until `MAX_LINES` are left, but never the newest. */
  #skip(): void {
    const last = this.#waiting.findLastIndex((each) => sender(each) !== undefined)
    let lines = this.#lines
    this.#waiting = this.#waiting.filter((each, at) => {
      const from = sender(each)
      if (from === undefined || at === last || lines <= MAX_LINES) return true
      lines -= height(each)
      this.#skipped.set(from, (this.#skipped.get(from) ?? 0) + 1)
      return false
    })
    this.#lines = lines
  }
}

/** Lines drawn at a time: some screens full, written in a few ms. */
const MAX_LINES = 200

const sender = (printed: Printed): string | undefined => {
  const shown = plainly(printed)
  return typeof shown === "string" ? undefined : shown.from
}

const height = (printed: Printed): number => {
  const shown = plainly(printed)
  return typeof shown === "string" ? 1 : shown.lines.length
}
