/** Memory that is used again: fresh memory for each piece of a large file would cost as much as writing it. */
export class SpareMemory {
  readonly #spare: Array<ArrayBuffer> = []

  /** The same bytes in memory that is the caller's until it gives it back. */
  copyOf(bytes: Uint8Array): Uint8Array {
    const spare = this.#spare.pop()
    const memory = spare !== undefined && spare.byteLength >= bytes.length ? spare : new ArrayBuffer(bytes.length)
    const copy = new Uint8Array(memory, 0, bytes.length)
    copy.set(bytes)
    return copy
  }

  /** Nobody looks at a copy any more. */
  back({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer) this.#spare.push(buffer)
  }
}
