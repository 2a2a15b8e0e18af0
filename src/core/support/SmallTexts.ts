import * as Bytes from "../../protocol/Bytes.js"

/**
 * UTF-8 of many short texts, a piece of shared memory for each. Memory of its own costs a short text more than all else
 * that is done with it (every `Uint8Array` over 64 bytes lives outside the heap). A text keeps its slab alive: at most
 * `SLAB` bytes for each that is kept.
 */
export class SmallTexts {
  #slab = new Uint8Array(0)
  #used = 0

  /** `Bytes.fromText`; not to be changed. */
  encode(text: string): Uint8Array {
    const { length } = text
    if (length > SMALL) return Bytes.fromText(text)
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB)
      this.#used = 0
    }
    const start = this.#used
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) return Bytes.fromText(text)
      this.#slab[start + i] = code
    }
    this.#used += length
    return this.#slab.subarray(start, this.#used)
  }
}

/** Bytes: ten usual lines of a chat. */
const SLAB = 1024
/** Characters of ASCII up to which a text shares a slab, so that little of each is left over. */
const SMALL = 256
