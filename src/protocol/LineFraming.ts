import { concat, toText } from "./Bytes.js"
import { MAX_LINE } from "./Control.js"

/**
 * A line without its end, or the reason why it cannot be read. After `TooLarge` nothing follows, since it is not known
 * where the next line begins.
 */
export type Line =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Malformed" }
  | { readonly _tag: "TooLarge" }

/**
 * Cuts a byte stream into lines (docs/protocol.md §1.1). The cut is made at the byte 0x0A and before decoding, so it
 * does not matter where the chunks are cut, not even inside a character. One CR before the LF belongs to the line end.
 *
 * Lines wait until they are asked for. It keeps what was pushed and not taken, and at most `maxLine + 1` bytes of a
 * line that has begun.
 */
export class LineFraming {
  #chunks: Array<Uint8Array> = []
  /** Offset of the first byte in the first chunk that was not read yet. */
  #at = 0
  /** The line that has begun: bytes of earlier chunks that had no line end. */
  #begun: Array<Uint8Array> = []
  #begunLength = 0
  #unread = 0
  #broken = false

  constructor(private readonly maxLine: number = MAX_LINE) {}

  /** `chunk` is kept, not copied. */
  push(chunk: Uint8Array): void {
    if (this.#broken || chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#unread += chunk.length
  }

  /** Whether bytes wait that `next` has not looked at. */
  get pending(): boolean {
    return this.#chunks.length > 0
  }

  /** Bytes that `next` has not looked at. */
  get unread(): number {
    return this.#unread
  }

  /** The next whole line; `undefined` when its end has not arrived. */
  next(): Line | undefined {
    while (this.#chunks.length > 0) {
      const chunk = this.#chunks[0]!
      const end = chunk.indexOf(LF, this.#at)
      const part = chunk.subarray(this.#at, end < 0 ? chunk.length : end)
      this.#unread -= end < 0 ? part.length : part.length + 1
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
      // Joined from time to time, as each of many tiny chunks would cost an object.
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
    this.#unread = 0
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
