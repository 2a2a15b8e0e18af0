import * as Delivery from "./Delivery.js"
import type { Palette } from "./Palette.js"
import * as When from "./When.js"
import type { Paragraph } from "./Wrap.js"

/** Something that was said, or happened, in a conversation. Sanitized. */
export interface Entry {
  /** ms since 1970 UTC, as it came to stand on the screen. */
  readonly at: number
  /** Who says it, with colours; nothing in front of a remark of the program. */
  readonly head: string | undefined
  readonly lines: ReadonlyArray<string>
  /** Who wrote it, where it was not us. */
  readonly from?: string
  /** What has become of it, where it was us. */
  readonly own?: Delivery.Sent
}

/** The last things that were said in a conversation, as many as are worth to be seen again when it is turned to. */
export class Transcript {
  #entries: Array<Entry> = []
  #length = 0
  /** How many were added since the person turned away. */
  #fresh = 0

  /** Of the entries, those that came after the person had turned away. */
  get fresh(): number {
    return Math.min(this.#fresh, this.#entries.length)
  }

  add(entry: Entry, isFresh: boolean): void {
    this.#entries.push(entry)
    this.#length += lengthOf(entry)
    if (isFresh) this.#fresh++
    if (this.#entries.length < 2 * MAX_ENTRIES && this.#length < 2 * MAX_LENGTH) return
    let from = Math.max(0, this.#entries.length - MAX_ENTRIES)
    let length = this.#entries.slice(from).reduce((sum, one) => sum + lengthOf(one), 0)
    while (length > MAX_LENGTH && from < this.#entries.length - 1) length -= lengthOf(this.#entries[from++]!)
    this.#entries = this.#entries.slice(from)
    this.#length = length
  }

  /** The person has turned to the conversation. */
  seen(): void {
    this.#fresh = 0
  }

  clear(): void {
    this.#entries = []
    this.#length = 0
    this.#fresh = 0
  }

  /** At least the last `count`, and all that are fresh as far as they are remembered. */
  last(count: number): ReadonlyArray<Entry> {
    return this.#entries.slice(-Math.max(count, this.fresh))
  }

  /** Our messages up to this one were read. */
  read(id: string): void {
    let found = false
    for (let at = this.#entries.length - 1; at >= 0; at--) {
      const { own } = this.#entries[at]!
      if (own === undefined) continue
      found ||= own.id === id
      if (!found) continue
      if (own.state === "read") return
      if (own.state !== "dropped") own.state = "read"
    }
  }
}

/** An entry as it is printed. */
export const printed = (
  entry: Entry,
  { ascii, marked, timed }: { readonly timed: boolean; readonly marked: boolean; readonly ascii: boolean },
  isConnected: () => boolean,
  palette: Palette
): string | Paragraph => {
  const { at, from, head, lines, own } = entry
  const time = timed ? `${palette.dim(When.timeOfDay(at))} ` : ""
  if (head === undefined) return lines[0] ?? ""
  return {
    head: `${time}${head}: `,
    lines,
    ...(own === undefined || !marked ? {} : { mark: () => ` ${Delivery.mark(own, isConnected(), ascii)}` }),
    ...(from === undefined ? {} : { from })
  }
}

const lengthOf = ({ lines }: Entry): number => lines.reduce((sum, line) => sum + line.length, 0)

/** Entries of a conversation: some screens. */
const MAX_ENTRIES = 100
/** UTF-16 code units of a conversation: with all conversations full, and twice that before they are cut, 8 MB. */
const MAX_LENGTH = 16 * 1024
