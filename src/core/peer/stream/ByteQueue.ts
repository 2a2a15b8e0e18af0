/**
 * Bytes that arrived in order and wait for their reader, without copying: large pieces are kept as the views they are,
 * small ones are put together, so that memory stays within about twice the bytes however small the pieces are.
 */
export class ByteQueue {
  readonly #pieces: Array<Uint8Array> = []
  #head = 0
  #length = 0
  /** Small pieces, put together; not among `#pieces` yet. */
  #tail = new Uint8Array(0)
  #filled = 0

  get length(): number {
    return this.#length
  }

  /** Takes over `bytes`, which must not change any more. */
  push(bytes: Uint8Array): void {
    this.#length += bytes.length
    if (bytes.length >= LARGE) {
      this.#flush()
      this.#pieces.push(bytes)
      return
    }
    if (this.#filled + bytes.length > this.#tail.length) {
      this.#flush()
      this.#tail = new Uint8Array(TAIL)
    }
    this.#tail.set(bytes, this.#filled)
    this.#filled += bytes.length
  }

  /** The first piece; `undefined` when nothing waits. */
  shift(): Uint8Array | undefined {
    if (this.#head === this.#pieces.length) this.#flush()
    const piece = this.#pieces[this.#head]
    if (piece === undefined) return undefined
    this.#pieces[this.#head++] = NONE
    this.#length -= piece.length
    if (this.#head * 2 >= this.#pieces.length) {
      this.#pieces.splice(0, this.#head)
      this.#head = 0
    }
    return piece
  }

  #flush(): void {
    if (this.#filled === 0) return
    this.#pieces.push(this.#tail.subarray(0, this.#filled))
    this.#tail = this.#tail.subarray(this.#filled)
    this.#filled = 0
  }
}

const NONE = new Uint8Array(0)
/**
 * Bytes from which on a piece is kept as a view into its packet: half of what a usual packet carries, so that at least
 * half of the memory kept is used.
 */
const LARGE = 512
/** Bytes of small pieces that are put together. */
const TAIL = 4096
