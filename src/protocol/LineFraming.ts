import { concat, toText } from "./Bytes.js"
import { MAX_LINE } from "./Control.js"

/**
 * A line without its end, or why there is none. After `TooLarge` nothing follows: the place of the next line is not
 * known.
 */
export type Line =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Malformed" }
  | { readonly _tag: "TooLarge" }

/**
 * Cuts a byte stream into lines (docs/protocol.md §1.1). The cut is made at the byte 0x0A and before decoding, so the
 * borders of the chunks mean nothing, not even inside a character. One CR before the LF belongs to the line end.
 *
 * Lines wait until they are asked for. Memory: what was pushed and not taken, and at most `maxLine + 1` bytes of a
 * begun line.
 */
export class LineFraming {
  #chunks: Array<Uint8Array> = []
  /** Where the first chunk is still to be read. */
  #at = 0
  /** The begun line: bytes of earlier chunks that had no line end. */
  #begun: Array<Uint8Array> = []
  #begunLength = 0
  #broken = false

  constructor(private readonly maxLine: number = MAX_LINE) {}

  /** `chunk` is kept, not copied. */
  push(chunk: Uint8Array): void {
    if (!this.#broken && chunk.length > 0) this.#chunks.push(chunk)
  }

  /** Whether bytes wait that `next` has not looked at. */
  get pending(): boolean {
    return this.#chunks.length > 0
  }

  /** The next whole line; `undefined` when its end has not arrived. */
  next(): Line | undefined {
    while (this.#chunks.length > 0) {
      const chunk = this.#chunks[0]!
      const end = chunk.indexOf(LF, this.#at)
      const part = chunk.subarray(this.#at, end < 0 ? chunk.length : end)
      if (end < 0 || end + 1 === chunk.length) {
        this.#chunks.shift()
        this.#at = 0
      } else {
        this.#at = end + 1
      }
      if (this.#begunLength + part.length > this.maxLine + 1) return this.#break()
      if (end >= 0) return this.#finish(part)
      this.#begun.push(part)
      this.#begunLength += part.length
      // Many tiny chunks would cost an object each.
      if (this.#begun.length === MAX_PARTS) this.#begun = [concat(this.#begun)]
    }
    return undefined
  }

  #finish(last: Uint8Array): Line {
    let line = last
    if (this.#begunLength > 0) {
      this.#begun.push(last)
      line = concat(this.#begun)
      this.#begun = []
      this.#begunLength = 0
    }
    const length = line[line.length - 1] === CR ? line.length - 1 : line.length
    if (length > this.maxLine) return this.#break()
    const text = toText(line.subarray(0, length))
    return text === undefined ? MALFORMED : { _tag: "Text", text }
  }

  #break(): Line {
    this.#broken = true
    this.#chunks = []
    this.#begun = []
    this.#begunLength = 0
    return TOO_LARGE
  }
}

const LF = 0x0a
const CR = 0x0d
const MALFORMED: Line = { _tag: "Malformed" }
const TOO_LARGE: Line = { _tag: "TooLarge" }
/**
 * Joining every 32 chunks costs each byte of a line sent one by one 512 copies at most, 4 MB in all for the longest
 * line.
 */
const MAX_PARTS = 32
