import type { Registration } from "../../domain/Registration.js"
import { MAX_LINE } from "../../protocol/Control.js"

/** Pieces of JSON, to be joined with commas, and the `after` of the page behind if there is more. */
export interface Page {
  /** Each is an entry, or several of them with the commas between. */
  readonly pieces: ReadonlyArray<string>
  readonly next: string | undefined
  /** Entries that were looked at: what the page cost. */
  readonly looked: number
}

export interface RollPage {
  /** Only entries that have this in them; in lower case. */
  readonly match: string | undefined
  /** Only entries behind this one: the `next` of the page before. */
  readonly after: string | undefined
  readonly limit: number
}

export interface Entry {
  registration: Registration
  /** What the order is by, and what `match` is looked for in. No two entries have the same. */
  readonly lower: string
  /** Made when it is listed for the first time: most who come and go are not. */
  shown: Shown | undefined
}

export interface Shown {
  readonly json: string
  /** Of `json` in UTF-8, and a comma. */
  readonly bytes: number
}

/**
 * Entries in their order, in leaves of at most `MAX_LEAF`: whoever comes or goes moves the entries of one leaf, and the
 * places of the others when it is split or empty. The JSON of a leaf is put together once for all readers, until
 * something in it changes; so a page is a few of those and the entries at its edges.
 */
export class Roll {
  #leaves: Array<Leaf> = []
  #size = 0
  readonly #show: (registration: Registration) => Shown

  constructor(show: (registration: Registration) => Shown) {
    this.#show = show
  }

  get size(): number {
    return this.#size
  }

  insert(entry: Entry): void {
    this.#size++
    const index = this.#leafOf(entry.lower)
    const leaf = this.#leaves[index]
    if (leaf === undefined) {
      this.#leaves.push(leafOf([entry]))
      return
    }
    leaf.entries.splice(placeOf(leaf.entries, entry.lower), 0, entry)
    forget(leaf)
    if (leaf.entries.length <= MAX_LEAF) return
    this.#leaves.splice(index + 1, 0, leafOf(leaf.entries.splice(MAX_LEAF / 2)))
  }

  /** No effect for an entry that is not here. */
  delete(entry: Entry): void {
    const index = this.#leafOf(entry.lower)
    const leaf = this.#leaves[index]
    const at = leaf?.entries.indexOf(entry) ?? -1
    if (leaf === undefined || at < 0) return
    this.#size--
    leaf.entries.splice(at, 1)
    forget(leaf)
    const next = this.#leaves[index + 1]
    if (leaf.entries.length === 0) this.#leaves.splice(index, 1)
    else if (next !== undefined && leaf.entries.length + next.entries.length <= MAX_LEAF / 2) {
      leaf.entries.push(...next.entries)
      this.#leaves.splice(index + 1, 1)
    }
  }

  /** Something else is shown of it from now on. */
  changed(entry: Entry): void {
    entry.shown = undefined
    const leaf = this.#leaves[this.#leafOf(entry.lower)]
    if (leaf !== undefined) forget(leaf)
  }

  clear(): void {
    this.#leaves = []
    this.#size = 0
  }

  page({ after, limit, match }: RollPage): Page {
    const pieces: Array<string> = []
    let [bytes, count, looked] = [0, 0, 0]
    let [seen, last]: Array<string | undefined> = []
    let index = after === undefined ? 0 : this.#leafOf(after)
    let at = after === undefined ? 0 : behind(this.#leaves[index]?.entries ?? [], after)
    for (; index < this.#leaves.length; index++) {
      const leaf = this.#leaves[index]!
      const { entries } = leaf
      const mayFit = at === 0 && match === undefined && count + entries.length <= limit
      if (mayFit && looked + entries.length <= MAX_LOOKED && bytes + this.#bytesOf(leaf) <= PAGE_BYTES) {
        pieces.push(jsonOf(leaf))
        bytes += this.#bytesOf(leaf)
        count += entries.length
        looked += entries.length
        seen = last = entries.at(-1)!.lower
        continue
      }
      for (; at < entries.length; at++) {
        const entry = entries[at]!
        // A reader who looks for something rare gets his answer in several pages, each of bounded work.
        if (looked >= MAX_LOOKED) return { pieces, next: seen, looked }
        if (match === undefined || entry.lower.includes(match)) {
          const shown = this.#shown(entry)
          bytes += shown.bytes
          if (count >= limit || bytes > PAGE_BYTES) return { pieces, next: last, looked }
          pieces.push(shown.json)
          count++
          last = entry.lower
        }
        looked++
        seen = entry.lower
      }
      at = 0
    }
    return { pieces, next: undefined, looked }
  }

  /** The leaf that `lower` is in, or would be. */
  #leafOf(lower: string): number {
    let low = 0
    let high = this.#leaves.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#leaves[middle]!.entries[0]!.lower <= lower) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }

  #bytesOf(leaf: Leaf): number {
    leaf.bytes ??= leaf.entries.reduce((sum, entry) => sum + this.#shown(entry).bytes, 0)
    return leaf.bytes
  }

  #shown(entry: Entry): Shown {
    entry.shown ??= this.#show(entry.registration)
    return entry.shown
  }
}

/** Entries that are looked at one by one at the edges of a page of some 170. */
const MAX_LEAF = 32

/** Entries that one page looks at, 40 µs of work: what does not `match` must not cost more than what does. */
export const MAX_LOOKED = 1000

/**
 * A page is one line, so its bytes bound it before its entries do (about 170 of them). The rest is for what stands
 * around them, with the nickname that the next page begins behind: some 256 bytes in JSON at most.
 */
const PAGE_BYTES = MAX_LINE - 512

interface Leaf {
  readonly entries: Array<Entry>
  /** What its entries show, once that was asked for. */
  json: string | undefined
  bytes: number | undefined
}

const leafOf = (entries: Array<Entry>): Leaf => ({ entries, json: undefined, bytes: undefined })

const forget = (leaf: Leaf): void => {
  leaf.json = leaf.bytes = undefined
}

/** After its bytes were asked for. */
const jsonOf = (leaf: Leaf): string => {
  leaf.json ??= leaf.entries.map(({ shown }) => shown!.json).join(",")
  return leaf.json
}

/** Where `lower` is, or would be. */
const placeOf = (entries: ReadonlyArray<Entry>, lower: string): number => {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (entries[middle]!.lower < lower) low = middle + 1
    else high = middle
  }
  return low
}

const behind = (entries: ReadonlyArray<Entry>, after: string): number => {
  const at = placeOf(entries, after)
  return entries[at]?.lower === after ? at + 1 : at
}
