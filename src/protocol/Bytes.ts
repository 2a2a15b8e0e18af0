/**
 * Byte strings and the bounds-checked cursors that every binary codec of parley uses. All integers are big-endian;
 * variable-length ones are those of RFC 9000 §16. Nothing here throws on input.
 *
 * Both cursors fail *stickily*: a codec reads or writes all its fields, and asks `failed` once before it believes any
 * of them.
 */
import * as Hex from "../domain/Hex.js"

export { decode as fromBase64Url, encode as toBase64Url } from "../domain/Base64Url.js"
export { decode as fromHex, encode as toHex } from "../domain/Hex.js"

/** A copy that shares no memory. Not `slice()`: on Node's Buffers, which is what sockets deliver, that is a view. */
export const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

export const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/**
 * Whether the bytes are the same. The time taken depends on the lengths alone, so authenticators may be compared with
 * it.
 */
export const equal = (left: Uint8Array, right: Uint8Array): boolean => {
  if (left.length !== right.length) return false
  let difference = 0
  for (let i = 0; i < left.length; i++) difference |= left[i]! ^ right[i]!
  return difference === 0
}

/**
 * Compares byte by byte, as unsigned big-endian numbers of the same length; a prefix comes before a string that
 * continues it.
 */
export const compare = (left: Uint8Array, right: Uint8Array): number => {
  const shared = Math.min(left.length, right.length)
  for (let i = 0; i < shared; i++) if (left[i] !== right[i]) return left[i]! - right[i]!
  return left.length - right.length
}

/** UTF-8. A lone surrogate becomes U+FFFD. */
export const fromText = (text: string): Uint8Array => {
  if (text.length > SHORT) return encoder.encode(text)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return encoder.encode(text)
    bytes[i] = code
  }
  return bytes
}

/** Bytes of `fromText`. */
export const textLength = (text: string): number => {
  if (text.length > SHORT) return encoder.encode(text).length
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return encoder.encode(text).length
  return text.length
}

/** Characters up to which a plain loop is faster than the encoder, which leaves JavaScript: usual lines of a chat. */
const SHORT = 256

/** The text of well-formed UTF-8, a byte order mark included; `undefined` for anything else. */
export const toText = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Bytes that `Writer.varint` takes for `value`: 1, 2, 4 or 8. */
export const varintLength = (value: number): number =>
  value < 0x40 ? 1 : value < 0x4000 ? 2 : value < 0x4000_0000 ? 4 : 8

/**
 * Reads a byte string from front to back. After a read beyond the end, `failed` is `true`, `remaining` is 0 and every
 * further read gives 0 or no bytes: a loop over `remaining` always ends.
 */
export class Reader {
  readonly #source: Uint8Array
  readonly #end: number
  #at: number
  #failed = false

  /** From `start` to before `end`, which is within the source. */
  constructor(source: Uint8Array, start = 0, end = source.length) {
    this.#source = source
    this.#at = start
    this.#end = end
  }

  /** Whether a read went beyond the end or met an integer that a JavaScript number cannot hold exactly. */
  get failed(): boolean {
    return this.#failed
  }

  /** Whether everything was read, and nothing failed. */
  get done(): boolean {
    return !this.#failed && this.#at === this.#end
  }

  /** Where the next byte is. */
  get offset(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  u8(): number {
    const at = this.#take(1)
    return at < 0 ? 0 : this.#source[at]!
  }

  u16(): number {
    const at = this.#take(2)
    return at < 0 ? 0 : this.#source[at]! * 0x100 + this.#source[at + 1]!
  }

  u32(): number {
    const at = this.#take(4)
    return at < 0 ? 0 : word(this.#source, at)
  }

  /** Fails above 2^53 - 1. */
  u64(): number {
    const at = this.#take(8)
    if (at < 0) return 0
    return this.#wide(word(this.#source, at), word(this.#source, at + 4))
  }

  /** A variable-length integer (RFC 9000 §16) of any of its lengths; fails above 2^53 - 1. */
  varint(): number {
    const first = this.#at < this.#end ? this.#source[this.#at]! : 0
    switch (first >> 6) {
      case 0:
        return this.u8()
      case 1:
        return this.u16() & 0x3fff
      case 2:
        return this.u32() & 0x3fff_ffff
      default: {
        const at = this.#take(8)
        return at < 0 ? 0 : this.#wide(word(this.#source, at) & 0x3fff_ffff, word(this.#source, at + 4))
      }
    }
  }

  /** A view of the next `length` bytes, not a copy. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length)
    return at < 0 ? NONE : this.#source.subarray(at, at + length)
  }

  /** The next `length` bytes in hexadecimal; an empty text beyond the end. */
  hex(length: number): string {
    const at = this.#take(length)
    return at < 0 ? "" : Hex.encodePart(this.#source, at, at + length)
  }

  /** A view of all that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining)
  }

  #take(length: number): number {
    const at = this.#at
    if (!(length >= 0 && length <= this.#end - at)) {
      this.#failed = true
      this.#at = this.#end
      return -1
    }
    this.#at = at + length
    return at
  }

  #wide(high: number, low: number): number {
    if (high <= 0x1f_ffff) return high * 0x1_0000_0000 + low
    this.#failed = true
    this.#at = this.#end
    return 0
  }
}

/**
 * Writes into a buffer of fixed size, from `start` on. A write that does not fit, or an integer out of its range, sets
 * `failed`; this write and all later ones do not change the buffer.
 */
export class Writer {
  readonly #target: Uint8Array
  #at: number
  #failed = false

  constructor(target: Uint8Array, start = 0) {
    this.#target = target
    this.#at = start
  }

  get failed(): boolean {
    return this.#failed
  }

  /** Where the next byte goes. */
  get offset(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#target.length - this.#at
  }

  /** A view of the buffer up to here; `undefined` when a write failed. */
  finish(): Uint8Array | undefined {
    return this.#failed ? undefined : this.#target.subarray(0, this.#at)
  }

  u8(value: number): void {
    const at = this.#take(1, value, 0xff)
    if (at >= 0) this.#target[at] = value
  }

  u16(value: number): void {
    const at = this.#take(2, value, 0xffff)
    if (at >= 0) this.#put16(at, value)
  }

  u32(value: number): void {
    const at = this.#take(4, value, 0xffff_ffff)
    if (at >= 0) this.#put32(at, value)
  }

  /** Up to 2^53 - 1. */
  u64(value: number): void {
    const at = this.#take(8, value, Number.MAX_SAFE_INTEGER)
    if (at < 0) return
    this.#put32(at, Math.floor(value / 0x1_0000_0000))
    this.#put32(at + 4, value % 0x1_0000_0000)
  }

  /** Up to 2^53 - 1, in the fewest bytes. */
  varint(value: number): void {
    const length = varintLength(value)
    const at = this.#take(length, value, Number.MAX_SAFE_INTEGER)
    if (at < 0) return
    switch (length) {
      case 1:
        this.#target[at] = value
        return
      case 2:
        this.#put16(at, value + 0x4000)
        return
      case 4:
        this.#put32(at, value + 0x8000_0000)
        return
      default:
        this.#put32(at, Math.floor(value / 0x1_0000_0000) + 0xc000_0000)
        this.#put32(at + 4, value % 0x1_0000_0000)
    }
  }

  bytes(value: Uint8Array): void {
    const at = this.#take(value.length, 0, 0)
    if (at >= 0) this.#target.set(value, at)
  }

  /** The bytes that `text` is the hexadecimal form of. Any other text fails, and may have changed the buffer. */
  hex(text: string): void {
    const at = this.#take(Math.ceil(text.length / 2), 0, 0)
    if (at >= 0 && !Hex.decodeInto(text, this.#target, at)) this.#failed = true
  }

  #take(length: number, value: number, most: number): number {
    const at = this.#at
    if (
      this.#failed ||
      length > this.#target.length - at ||
      !(value >= 0 && value <= most) ||
      !Number.isInteger(value)
    ) {
      this.#failed = true
      return -1
    }
    this.#at = at + length
    return at
  }

  #put16(at: number, value: number): void {
    this.#target[at] = value >>> 8
    this.#target[at + 1] = value
  }

  #put32(at: number, value: number): void {
    this.#target[at] = value >>> 24
    this.#target[at + 1] = value >>> 16
    this.#target[at + 2] = value >>> 8
    this.#target[at + 3] = value
  }
}

const word = (source: Uint8Array, at: number): number =>
  ((source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!) >>> 0

const NONE = new Uint8Array(0)
const encoder = new TextEncoder()
/** `ignoreBOM` keeps a leading U+FEFF in the text: dropping it would let two byte strings decode to one. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
