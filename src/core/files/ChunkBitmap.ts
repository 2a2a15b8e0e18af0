/** Which chunks of a content are there: a bit for each, the first one in the lowest bit of the first byte. */
export class ChunkBitmap {
  readonly #bits: Uint8Array
  #count = 0

  /** None of `chunks`. */
  constructor(readonly chunks: number) {
    this.#bits = new Uint8Array(Math.ceil(chunks / 8))
  }

  /** What `bits` says, zero bytes at its end left out or not; `undefined` when it speaks of more than `chunks`. */
  static from(bits: Uint8Array, chunks: number): ChunkBitmap | undefined {
    const have = new ChunkBitmap(chunks)
    for (let byte = 0; byte < bits.length; byte++) {
      for (let rest = bits[byte]!; rest !== 0; rest &= rest - 1) {
        const chunk = 8 * byte + 31 - Math.clz32(rest & -rest)
        if (chunk >= chunks) return undefined
        have.add(chunk)
      }
    }
    return have
  }

  /** How many are there. */
  get count(): number {
    return this.#count
  }

  get isComplete(): boolean {
    return this.#count === this.chunks
  }

  has(chunk: number): boolean {
    return (this.#bits[chunk >>> 3]! & (1 << (chunk & 7))) !== 0
  }

  /** `chunk` is at least 0 and below `chunks`. */
  add(chunk: number): void {
    if (this.has(chunk)) return
    this.#bits[chunk >>> 3]! |= 1 << (chunk & 7)
    this.#count++
  }

  /** The first chunk from `from` on that is not there; `chunks` when there is none. */
  nextMissing(from: number): number {
    let chunk = from
    while (chunk < this.chunks && this.has(chunk)) chunk += this.#bits[chunk >>> 3] === 0xff ? 8 - (chunk & 7) : 1
    return Math.min(chunk, this.chunks)
  }

  /** A copy, without the zero bytes at its end. */
  toBytes(): Uint8Array {
    let length = this.#bits.length
    while (length > 0 && this.#bits[length - 1] === 0) length--
    return this.#bits.slice(0, length)
  }
}
