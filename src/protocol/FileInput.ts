import { Reader } from "./Bytes.js"
import { MAX_RECORD } from "./FileRecord.js"

/**
 * Cuts the bytes of a transfer's stream, which may come in any portions, into records and the raw bytes between them.
 * It keeps what was pushed and not taken yet, and at most one unfinished record.
 */
export class FileInput {
  #pieces: Array<Uint8Array> = []
  /** Offset of the first byte in the first piece that was not read yet. */
  #at = 0
  /** The bytes of an unfinished record, its length prefix included. */
  #begun = new Uint8Array(FIRST_RESERVE)
  #filled = 0

  /** Whether bytes wait to be read. A record that has begun does not count: it waits for more bytes itself. */
  get pending(): boolean {
    return this.#pieces.length > 0
  }

  /** Takes over `bytes`, which must not change any more. */
  push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#pieces.push(bytes)
  }

  clear(): void {
    this.#pieces = []
    this.#at = 0
    this.#filled = 0
  }

  /**
   * Type and body of the next record; `undefined` when not all of it has come, `"malformed"` when its length is out of
   * range: none, or more than `most`. The bytes are valid until the next call.
   */
  record(most = MAX_RECORD): Uint8Array | "malformed" | undefined {
    if (this.#filled === 0) {
      const whole = this.#wholeRecord(most)
      if (whole !== undefined) return whole
    }
    for (;;) {
      const head = lengthOf(this.#begun.subarray(0, this.#filled))
      if (head !== undefined && (head.length < 1 || head.length > most)) return "malformed"
      const wanted = head === undefined ? this.#filled + 1 : head.offset + head.length
      if (head !== undefined && this.#filled === wanted) {
        this.#filled = 0
        return this.#begun.subarray(head.offset, wanted)
      }
      const piece = this.#pieces[0]
      if (piece === undefined) return undefined
      const part = piece.subarray(this.#at, this.#at + wanted - this.#filled)
      this.#reserve(this.#filled + part.length, wanted)
      this.#begun.set(part, this.#filled)
      this.#filled += part.length
      this.#advance(part.length)
    }
  }

  /**
   * Moves raw bytes to `target` from `at` on, as many as have come and fit, and gives their number. Only between
   * records.
   */
  raw(target: Uint8Array, at: number): number {
    let to = at
    while (to < target.length && this.#pieces.length > 0) {
      const piece = this.#pieces[0]!
      const length = Math.min(target.length - to, piece.length - this.#at)
      target.set(this.#at === 0 && length === piece.length ? piece : piece.subarray(this.#at, this.#at + length), to)
      to += length
      this.#advance(length)
    }
    return to - at
  }

  /** The record that lies whole in the first piece, without copying. */
  #wholeRecord(most: number): Uint8Array | undefined {
    const piece = this.#pieces[0]
    const head = piece && lengthOf(piece, this.#at)
    if (piece === undefined || head === undefined || head.length < 1 || head.length > most) return undefined
    const end = head.offset + head.length
    if (end > piece.length) return undefined
    this.#advance(end - this.#at)
    return piece.subarray(head.offset, end)
  }

  #advance(length: number): void {
    this.#at += length
    if (this.#at < this.#pieces[0]!.length) return
    this.#pieces.shift()
    this.#at = 0
  }

  /** Memory grows by doubling, so that a peer that only announces a large record makes us reserve little. */
  #reserve(size: number, most: number): void {
    if (size <= this.#begun.length) return
    const larger = new Uint8Array(Math.max(size, Math.min(most, 2 * this.#begun.length)))
    larger.set(this.#begun.subarray(0, this.#filled))
    this.#begun = larger
  }
}

/**
 * The length prefix at `start`, and the offset at which the bytes that it counts begin; `undefined` when the prefix is
 * not whole yet.
 */
const lengthOf = (bytes: Uint8Array, start = 0): { readonly length: number; readonly offset: number } | undefined => {
  const first = bytes[start]
  if (first === undefined || bytes.length - start < 1 << (first >> 6)) return undefined
  const reader = new Reader(bytes, start)
  // A length that no number can hold fails the reader, and is 0 then, which is malformed.
  const length = reader.varint()
  return { length, offset: reader.offset }
}

/** Bytes reserved before any have come: holds all records but contents, a full ACCEPT and offers with long names. */
const FIRST_RESERVE = 128
