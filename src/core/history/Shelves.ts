/**
 * Which files a history has: for each conversation a shelf of segments, and which of them must go when there are too
 * many. Segments are numbered by the time (ms since 1970 UTC) at which they were begun, so that the oldest of all
 * shelves can be told; where a clock was set back, the next number of the shelf takes its place.
 */
export class Shelves {
  /** Numbers in ascending order, never none. */
  readonly #shelves = new Map<string, Array<number>>()
  #count = 0

  /** `names` as the store lists them; whatever is no segment is left alone. */
  constructor(names: Iterable<string>) {
    for (const name of names) {
      const match = NAME.exec(name)
      if (match !== null) this.add({ shelf: match[1]!, number: Number(match[2]) })
    }
  }

  all(): ReadonlyArray<string> {
    return [...this.#shelves.keys()]
  }

  /** The segments of a shelf, oldest first. */
  of(shelf: string): ReadonlyArray<Segment> {
    return (this.#shelves.get(shelf) ?? []).map((number) => ({ shelf, number }))
  }

  newest(shelf: string): Segment | undefined {
    const number = this.#shelves.get(shelf)?.at(-1)
    return number === undefined ? undefined : { shelf, number }
  }

  /** The segment to begin on a shelf now. */
  next(shelf: string, wallNow: number): Segment {
    const after = (this.newest(shelf)?.number ?? -1) + 1
    return { shelf, number: Math.max(after, Math.min(Math.max(0, Math.floor(wallNow)), MAX_NUMBER)) }
  }

  add({ number, shelf }: Segment): void {
    const numbers = this.#shelves.get(shelf)
    if (numbers === undefined) this.#shelves.set(shelf, [number])
    else if (numbers.includes(number)) return
    else {
      numbers.push(number)
      numbers.sort((left, right) => left - right)
    }
    this.#count++
  }

  remove({ number, shelf }: Segment): void {
    const numbers = this.#shelves.get(shelf)
    const at = numbers?.indexOf(number) ?? -1
    if (numbers === undefined || at < 0) return
    numbers.splice(at, 1)
    if (numbers.length === 0) this.#shelves.delete(shelf)
    this.#count--
  }

  /** A segment that is too many: the oldest of a shelf that has too many, else the oldest of all. */
  surplus(): Segment | undefined {
    for (const [shelf, numbers] of this.#shelves)
      if (numbers.length > MAX_SEGMENTS_EACH) return { shelf, number: numbers[0]! }
    if (this.#count <= MAX_SEGMENTS) return undefined
    let oldest: Segment | undefined
    for (const [shelf, [number]] of this.#shelves)
      if (oldest === undefined || number! < oldest.number) oldest = { shelf, number: number! }
    return oldest
  }
}

export interface Segment {
  readonly shelf: string
  readonly number: number
}

/** Its file, below the folder of the history. */
export const nameOf = ({ number, shelf }: Segment): string => `${shelf}/${String(number).padStart(DIGITS, "0")}`

/**
 * Bytes at which a segment is full: small enough to be rewritten in passing, large enough that a long chat is few
 * files.
 */
export const MAX_SEGMENT = 512 * 1024
/** With one person: 8 MiB, some 70,000 lines of usual length. */
export const MAX_SEGMENTS_EACH = 16
/** In all: 128 MiB, which a search reads in a second or two, and as many people at most. */
export const MAX_SEGMENTS = 256

/** Bytes of a shelf's name, which is written in hexadecimal. */
export const SHELF_BYTES = 16
/** Of the greatest safe whole number. */
const DIGITS = 16
/** Leaves room for numbers to follow. */
const MAX_NUMBER = 1e15
const NAME = /^([0-9a-f]{32})\/(\d{16})$/
