import { MAX_STRANGERS } from "../peer/PeerTable.js"

/**
 * The files of a history: for each conversation a shelf of segments. It decides which segment is removed when there are
 * too many: strangers' never take the place of those of people whom our user has asked for. The number of a segment is
 * the time (ms since 1970 UTC) at which it was begun, so that the oldest of many shelves can be found; where the clock
 * was set back, it is the next number of the shelf.
 */
export class Shelves {
  /** Numbers in ascending order, never none. */
  readonly #shelves = new Map<string, Array<number>>()
  #count = 0

  /** `names` as the store lists them. A name that is not a segment's is ignored. */
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

  /**
   * The segment to remove, if there are too many: the oldest of a shelf that has too many, or of all whom our user has
   * asked for, or else of strangers, who have what the others leave free. `asked` gives the shelves of those whom our
   * user has asked for; it is called only when there are so many segments that it matters.
   */
  surplus(asked: () => ReadonlySet<string>): Segment | undefined {
    for (const [shelf, numbers] of this.#shelves)
      if (numbers.length > MAX_SEGMENTS_EACH) return { shelf, number: numbers[0]! }
    if (this.#count <= MAX_SEGMENTS) return undefined
    const shelves = asked()
    let count = 0
    for (const [shelf, numbers] of this.#shelves) if (shelves.has(shelf)) count += numbers.length
    if (count > MAX_SEGMENTS) return this.#oldest((shelf) => shelves.has(shelf))
    if (this.#count > MAX_SEGMENTS + MIN_OF_STRANGERS) return this.#oldest((shelf) => !shelves.has(shelf))
    return undefined
  }

  #oldest(isMeant: (shelf: string) => boolean): Segment | undefined {
    let oldest: Segment | undefined
    for (const [shelf, [number]] of this.#shelves)
      if (isMeant(shelf) && (oldest === undefined || number! < oldest.number)) oldest = { shelf, number: number! }
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
 * Bytes at which a segment is full: few enough to rewrite one without a pause that people notice, and so many that a
 * long chat takes few files.
 */
export const MAX_SEGMENT = 512 * 1024
/** Segments of one shelf: 8 MiB, some 70,000 lines of usual length. */
export const MAX_SEGMENTS_EACH = 16
/** Segments of all whom our user has asked for: 128 MiB, which a search reads in a second or two. */
export const MAX_SEGMENTS = 256
/**
 * Segments that strangers have besides, in all: as many as there are strangers at once. They may have the places that
 * those of `MAX_SEGMENTS` leave free too: whoever has lost the list of whom they know keeps what those have said.
 */
export const MIN_OF_STRANGERS = MAX_STRANGERS

/** Bytes of a shelf's name, which is written in hexadecimal. */
export const SHELF_BYTES = 16
/** Digits of a number in a file's name: as many as the greatest safe integer has. */
const DIGITS = 16
/** The greatest number that a clock may give: it leaves room for the numbers that follow it. */
const MAX_NUMBER = 1e15
const NAME = /^([0-9a-f]{32})\/(\d{16})$/
