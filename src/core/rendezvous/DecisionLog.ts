/**
 * What an operator has decided, the last decision about each thing, as the lines of the file that it is kept in. Pure.
 * Several nodes tell each other their lines: of two decisions about one thing the later one counts on all of them, in
 * whichever order they come. So what was taken back has a line too, for as long as another node may not know of it.
 */
export class DecisionLog {
  /** By what they are about, in the order of their coming. */
  readonly #latest = new Map<string, Decision>()
  readonly #overForMs: number
  #over = 0
  #version = 0

  /** `overForMs`: how long a line is kept that is of no more effect. */
  constructor(overForMs: number) {
    this.#overForMs = overForMs
  }

  /** Grows with each line that comes. */
  get version(): number {
    return this.#version
  }

  /** The time of a decision that is taken now, ms since 1970 UTC: later than what is known, whose clock was right. */
  timeOf(key: string, wall: number): number {
    const known = this.#latest.get(key)
    return known === undefined ? wall : Math.max(wall, known.at + 1)
  }

  /** Takes in a line; `false`: what is known of this is as late, or later. `isOver`: it is of no effect by itself. */
  note(key: string, at: number, line: string, isOver: boolean): boolean {
    const known = this.#latest.get(key)
    if (known !== undefined && (known.at > at || (known.at === at && known.line >= line))) return false
    this.#drop(key)
    this.#latest.set(key, { at, line, isOver, version: ++this.#version })
    if (isOver && ++this.#over > MAX_OVER) this.#drop(this.#firstOver())
    return true
  }

  /** The decision about this has run out. */
  end(key: string): void {
    const known = this.#latest.get(key)
    if (known === undefined || known.isOver) return
    this.#latest.set(key, { ...known, isOver: true })
    this.#over++
  }

  /** Forgets what has been over for long. */
  forget(wall: number): void {
    if (this.#over === 0) return
    for (const [key, { at, isOver }] of this.#latest) if (isOver && at < wall - this.#overForMs) this.#drop(key)
  }

  /** The lines that came after this version. */
  after(version: number): ReadonlyArray<{ readonly line: string; readonly version: number }> {
    if (version >= this.#version) return []
    return [...this.#latest.values()].filter((decision) => decision.version > version)
  }

  encode(): string {
    return [...this.#latest.values()].map(({ line }) => `${line}\n`).join("")
  }

  #drop(key: string | undefined): void {
    const known = key === undefined ? undefined : this.#latest.get(key)
    if (key === undefined || known === undefined) return
    this.#latest.delete(key)
    if (known.isOver) this.#over--
  }

  #firstOver(): string | undefined {
    for (const [key, { isOver }] of this.#latest) if (isOver) return key
    return undefined
  }
}

interface Decision {
  readonly at: number
  readonly line: string
  readonly isOver: boolean
  readonly version: number
}

/** Lines of no more effect. */
const MAX_OVER = 5_000
