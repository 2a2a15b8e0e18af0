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
    const bytes = this.#slab.subarray(this.#used, this.#used + length)
    // What is no ASCII takes more room than there is.
    if (encoder.encodeInto(text, bytes).read < length) return Bytes.fromText(text)
    this.#used += length
    return bytes
  }
}

const encoder = new TextEncoder()
/** Bytes: forty usual lines of a chat. With a slab for each ten of them, slabs took most of the time. */
const SLAB = 4096
/** Characters of ASCII up to which a text shares a slab, so that little of each is left over. */
const SMALL = 256
