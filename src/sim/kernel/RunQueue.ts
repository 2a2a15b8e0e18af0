import type * as Fiber from "effect/Fiber"
import type { Rng } from "./Rng.js"

/** A step of some process that is ready to run. */
export interface Ready<Owner> {
  readonly run: () => void
  readonly process: Owner
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
  /** Effect's priority: 0 before all others, then ascending. */
  readonly priority: number
}

/** The steps that are ready, in the order they became so, or with `shuffle` in an order that the seed chooses. */
export class RunQueue<Owner> {
  #entries: Array<Ready<Owner> | undefined> = []
  #head = 0
  #tail = 0
  #later: Array<Ready<Owner>> = []
  readonly #shuffle: Rng | undefined

  constructor(shuffle: Rng | undefined) {
    this.#shuffle = shuffle
  }

  get size(): number {
    return this.#tail - this.#head + this.#later.length
  }

  push(entry: Ready<Owner>): void {
    if (entry.priority === 0) this.#append(entry)
    else this.#later.push(entry)
  }

  take(): Ready<Owner> | undefined {
    if (this.#head === this.#tail) {
      this.#head = 0
      this.#tail = 0
      if (this.#later.length === 0) return undefined
      this.#promote()
    }
    const entries = this.#entries
    const head = this.#head
    if (this.#shuffle !== undefined && this.#tail - head > 1) {
      const chosen = head + this.#shuffle.below(this.#tail - head)
      const entry = entries[chosen]
      entries[chosen] = entries[head]
      entries[head] = entry
    }
    const entry = entries[head]
    // The slot stays, so that the array neither shrinks nor grows a thousand times a second; what it held may go.
    entries[head] = undefined
    this.#head = head + 1
    return entry
  }

  /** Takes out all steps of a process, in order. */
  removeOwnedBy(process: Owner): ReadonlyArray<Ready<Owner>> {
    const all = [...this.#entries.slice(this.#head, this.#tail), ...this.#later] as Array<Ready<Owner>>
    this.#entries = []
    this.#head = 0
    this.#tail = 0
    this.#later = []
    const removed: Array<Ready<Owner>> = []
    for (const entry of all) {
      if (entry.process === process) removed.push(entry)
      else this.push(entry)
    }
    return removed
  }

  #append(entry: Ready<Owner>): void {
    this.#entries[this.#tail++] = entry
  }

  /** The most urgent of the others, the eldest among equals. */
  #promote(): void {
    let best = 0
    for (let i = 1; i < this.#later.length; i++) if (this.#later[i]!.priority < this.#later[best]!.priority) best = i
    this.#append(this.#later.splice(best, 1)[0]!)
  }
}
