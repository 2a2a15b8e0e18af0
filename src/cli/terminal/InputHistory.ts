/** What was typed and sent, the oldest first; and what was made of it since, which is kept until the next is sent. */
export class InputHistory {
  #entries: Array<string>
  /** Changed lines by their place; that behind the last entry is the line being written. */
  readonly #changed = new Map<number, string>()
  #at: number
  /** Entries that were pasted, in part at least. */
  readonly #pasted = new Set<string>()

  constructor(entries: ReadonlyArray<string> = []) {
    this.#entries = entries.slice(-MAX_HISTORY)
    this.#at = this.#entries.length
  }

  get entries(): ReadonlyArray<string> {
    return this.#entries
  }

  /** Lines of earlier runs, before those of this one. */
  precede(entries: ReadonlyArray<string>): void {
    const room = MAX_HISTORY - this.#entries.length
    const earlier = room > 0 ? entries.slice(-room) : []
    this.#entries = [...earlier, ...this.#entries]
    const changed = [...this.#changed]
    this.#changed.clear()
    for (const [at, text] of changed) this.#changed.set(at + earlier.length, text)
    this.#at += earlier.length
  }

  /** A line was sent. Whether it is remembered: blank ones are not, and no line twice in a row. */
  add(text: string, isPasted = false): boolean {
    this.reset()
    if (isPasted) this.#pasted.add(text)
    if (text.trim() === "" || this.#entries.at(-1) === text) return false
    this.#entries.push(text)
    if (this.#entries.length > MAX_HISTORY) this.#pasted.delete(this.#entries.shift()!)
    this.reset()
    return true
  }

  /** Whether something of this line was pasted, as far as is remembered. */
  isPasted(text: string): boolean {
    return this.#pasted.has(text)
  }

  /** Forgets all changes; the next line is a new one. */
  reset(): void {
    this.#changed.clear()
    this.#at = this.#entries.length
  }

  /** The line `by` places further, `current` being what has become of this one; `undefined` where there is none. */
  move(by: -1 | 1, current: string): string | undefined {
    return this.go(this.#at + by, current)
  }

  /** The line at a place; at the length of `entries`, the one being written. */
  go(to: number, current: string): string | undefined {
    if (to < 0 || to > this.#entries.length) return undefined
    this.#changed.set(this.#at, current)
    this.#at = to
    return this.#changed.get(to) ?? this.#entries[to] ?? ""
  }

  /** The newest place before `end` whose line contains `words`, whatever their case. */
  find(words: string, end: number): number | undefined {
    const wanted = words.toLowerCase()
    for (let at = Math.min(end, this.#entries.length) - 1; at >= 0; at--)
      if (this.#entries[at]!.toLowerCase().includes(wanted)) return at
    return undefined
  }
}

/** As many as a person finds by pressing "up". */
export const MAX_HISTORY = 500
