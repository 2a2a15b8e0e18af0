import * as Bytes from "../protocol/Bytes.js"

/**
 * Cuts a byte stream into lines. Splits on the byte 0x0A before decoding, so a character may be split over chunks; a CR
 * before the LF is dropped. Memory is bounded: a line over `maxBytes` is reported once as `TooLong`, and skipped to its
 * end.
 */
export class LineReader {
  #parts: Array<Uint8Array> = []
  #size = 0
  #skipping = false
  readonly #decoder = new TextDecoder()

  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The lines that end in this chunk, in order. The chunk must not change afterwards. */
  push(chunk: Uint8Array): ReadonlyArray<Line> {
    const lines: Array<Line> = []
    let start = 0
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#keep(chunk.subarray(start, end), lines)
      if (!this.#skipping) lines.push(this.#take())
      this.#skipping = false
      start = end + 1
    }
    this.#keep(chunk.subarray(start), lines)
    return lines
  }

  /** The last line, when the stream ended without a line break after it. */
  end(): ReadonlyArray<Line> {
    return this.#size === 0 ? [] : [this.#take()]
  }

  #keep(part: Uint8Array, lines: Array<Line>): void {
    if (this.#skipping || part.length === 0) return
    this.#size += part.length
    if (this.#size <= this.#maxBytes) {
      this.#parts.push(part)
      return
    }
    this.#parts = []
    this.#size = 0
    this.#skipping = true
    lines.push({ _tag: "TooLong" })
  }

  #take(): Line {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Bytes.concat(this.#parts)
    this.#parts = []
    this.#size = 0
    const text = this.#decoder.decode(bytes)
    return { _tag: "Line", text: text.endsWith("\r") ? text.slice(0, -1) : text }
  }
}

export type Line = { readonly _tag: "Line"; readonly text: string } | { readonly _tag: "TooLong" }

const LF = 0x0a
