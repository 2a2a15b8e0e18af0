import * as Glyphs from "./Glyphs.js"
import { row as measured, type Row } from "./Layout.js"
import { isRepeated, type Printed, slices, wrap } from "./Wrap.js"

/**
 * What was said in one place, of which a full screen shows a part. It shows the end unless somebody has scrolled up;
 * then it stays where it is, whatever is added. Rows are made of what is seen and not of more, and remembered.
 */
export class Pane {
  #entries: Array<Entry> = []
  /** Rows below those that are seen. */
  #below = 0
  /** Of the screen that was seen last. */
  #columns = 80
  #isAscii = false
  #ends = false

  /** Older things can be had no more. */
  get ends(): boolean {
    return this.#ends
  }

  /** Adds what is newest, and forgets what is oldest: what is kept on disk can be had again. */
  add(printed: ReadonlyArray<Printed>): void {
    for (const each of printed) {
      if (isRepeated(each)) continue
      const entry: Entry = { printed: each, rows: undefined }
      this.#entries.push(entry)
      if (this.#below > 0) this.#below += this.#rowsOf(entry).length
    }
    if (this.#entries.length <= 2 * MAX_ENTRIES || this.#below > 0) return
    this.#entries = this.#entries.slice(-MAX_ENTRIES)
    this.#ends = false
  }

  /** Puts what is older before all else; nothing older is there when `ends`. */
  precede(printed: ReadonlyArray<Printed>, ends: boolean): void {
    this.#entries = [...printed.map((each) => ({ printed: each, rows: undefined })), ...this.#entries]
    this.#ends = ends
  }

  /** Up by so many rows, or down where they are less than 0. */
  scroll(rows: number): void {
    this.#below = Math.max(0, this.#below + rows)
  }

  /** Shows the newest again. */
  toEnd(): void {
    this.#below = 0
  }

  /** The rows that are seen, below each other; `last` stand behind all entries. */
  see(columns: number, height: number, last: ReadonlyArray<string> = [], isAscii = false): Seen {
    this.#columns = columns
    this.#isAscii = isAscii
    const tail = last.flatMap((text) => slices(text, columns)).map(measured)
    const wanted = this.#below + height
    const parts: Array<ReadonlyArray<Row>> = [tail]
    let count = tail.length
    for (let at = this.#entries.length - 1; at >= 0 && count < wanted; at--) {
      const rows = this.#rowsOf(this.#entries[at]!)
      parts.push(rows)
      count += rows.length
    }
    // Nobody scrolls beyond the first row.
    this.#below = Math.min(this.#below, Math.max(0, count - height))
    const rows = parts.reverse().flat()
    const end = rows.length - this.#below
    return { rows: rows.slice(Math.max(0, end - height), end), below: this.#below, short: count < wanted }
  }

  #rowsOf(entry: Entry): ReadonlyArray<Row> {
    const { printed, rows } = entry
    const mark = typeof printed === "object" && "mark" in printed ? printed.mark?.() : undefined
    const [columns, isAscii] = [this.#columns, this.#isAscii]
    if (rows?.columns === columns && rows.mark === mark && rows.isAscii === isAscii) return rows.all
    const all = wrap(isAscii ? Glyphs.asciiPrinted(printed) : printed, columns)
      .flatMap((line) => slices(line, columns))
      .map(measured)
    entry.rows = { columns, isAscii, mark, all }
    return all
  }
}

export interface Seen {
  readonly rows: ReadonlyArray<Row>
  /** Rows below those. */
  readonly below: number
  /** There are no rows enough to fill the screen, as far as was scrolled. */
  readonly short: boolean
}

interface Entry {
  readonly printed: Printed
  rows: Rows | undefined
}

/** The rows of an entry, and what they were made for. */
interface Rows {
  readonly columns: number
  readonly isAscii: boolean
  readonly mark: string | undefined
  readonly all: ReadonlyArray<Row>
}

/** Entries of a place that stay: some hundred screens. */
const MAX_ENTRIES = 2000
