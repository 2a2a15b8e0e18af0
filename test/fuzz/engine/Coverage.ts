/**
 * Which blocks of the program have run, and how often: `instrument.mjs` has put a counter at the beginning of each into
 * the bundle, and a call that gets counters for each file when it is loaded.
 */
export class Coverage {
  readonly #counters = new Uint8Array(MAX_BLOCKS)
  /** The same memory, to go over what did not run four counters at a time. */
  readonly #words = new Uint32Array(this.#counters.buffer)
  /** How often each block has run in one input so far: a bit for each of eight orders of magnitude. */
  readonly #seen = new Uint8Array(MAX_BLOCKS)
  readonly #files = new Map<string, readonly [from: number, to: number]>()
  #used = 0

  /** Without `counts` it does not matter how often a block runs. */
  constructor(private readonly counts: boolean) {}

  /** Before what is instrumented is imported. */
  install(): void {
    Object.assign(globalThis, {
      parleyFuzzCounters: (file: string, blocks: number): Uint8Array => {
        const from = this.#used
        this.#used += blocks
        if (this.#used > MAX_BLOCKS) throw new Error("more blocks than there are counters: raise MAX_BLOCKS")
        this.#files.set(file, [from, this.#used])
        return this.#counters.subarray(from, this.#used)
      }
    })
  }

  /** Whether something has run since the last call that never had, or never so often; from now on it has. */
  take(): boolean {
    let isNew = false
    for (let word = 0; word * 4 < this.#used; word++) {
      if (this.#words[word] === 0) continue
      for (let at = 4 * word; at < 4 * word + 4; at++) {
        const order = this.counts ? ORDERS[this.#counters[at]!]! : Math.min(1, this.#counters[at]!)
        if ((this.#seen[at]! | order) === this.#seen[at]) continue
        this.#seen[at]! |= order
        isNew = true
      }
      this.#words[word] = 0
    }
    return isNew
  }

  /** The part of a file's blocks that have run, of 1; 0 for a file that was not loaded. */
  of(file: string): number {
    const [from, to] = this.#files.get(file) ?? [0, 1]
    return this.#seen.subarray(from, to).reduce((sum, seen) => sum + (seen > 0 ? 1 : 0), 0) / Math.max(1, to - from)
  }
}

/** All of `src` has a fifth of these. */
const MAX_BLOCKS = 65_536

/** Of a count of runs: none, 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more. */
const ORDERS = Uint8Array.from({ length: 256 }, (_, count) => {
  const order = [1, 2, 3, 4, 8, 16, 32, 128].findLastIndex((least) => count >= least)
  return order < 0 ? 0 : 1 << order
})
