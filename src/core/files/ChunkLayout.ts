import type { ChunkBitmap } from "./ChunkBitmap.js"
import type { Entry } from "./Content.js"
import type { Place } from "./TransferIo.js"

/**
 * Where the bytes of a content are: its files one after the other, cut into chunks of equal size (the last one may be
 * shorter).
 */
export class ChunkLayout {
  /** Where each file begins. */
  readonly #starts: Float64Array
  readonly size: number
  readonly chunks: number

  /** `chunkSize` is the one of the content's size everywhere but in tests. */
  constructor(
    entries: ReadonlyArray<Pick<Entry, "size">>,
    readonly chunkSize: number = chunkSizeOf(sizeOf(entries))
  ) {
    this.#starts = new Float64Array(entries.length)
    let at = 0
    for (let file = 0; file < entries.length; file++) {
      this.#starts[file] = at
      at += entries[file]!.size
    }
    this.size = at
    this.chunks = chunksOf(at, chunkSize)
  }

  startOf(chunk: number): number {
    return chunk * this.chunkSize
  }

  endOf(chunk: number): number {
    return Math.min(this.size, (chunk + 1) * this.chunkSize)
  }

  lengthOf(chunk: number): number {
    return this.endOf(chunk) - this.startOf(chunk)
  }

  /** Bytes in the chunks that are there. */
  bytesOf(have: ChunkBitmap): number {
    if (have.count === 0) return 0
    const last = this.chunks - 1
    return have.count * this.chunkSize - (have.has(last) ? this.chunkSize - this.lengthOf(last) : 0)
  }

  /** What begins at `at` (below `size`), up to `end` or as far as `FILES_AT_ONCE` files go. */
  placeAt(at: number, end: number): Place {
    const file = this.#fileAt(at)
    const filesEnd = this.#starts[file + FILES_AT_ONCE] ?? this.size
    return { at, file, offset: at - this.#starts[file]!, length: Math.min(end, filesEnd) - at }
  }

  /**
   * The last file that begins at `at` or before: files without bytes begin where the next one does, and are never it.
   */
  #fileAt(at: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#starts[middle]! <= at) low = middle
      else high = middle - 1
    }
    return low
  }
}

/**
 * Bytes of a chunk in a content of `size` bytes: the smallest power of two from 256 KiB on that makes at most 2^14
 * chunks, so that the leaves stay below 512 KiB, but never more than 16 MiB, which each side has to hold.
 */
export const chunkSizeOf = (size: number): number => {
  let chunkSize = MIN_CHUNK
  while (chunkSize < MAX_CHUNK && size > FEW_CHUNKS * chunkSize) chunkSize *= 2
  return chunkSize
}

export const chunksOf = (size: number, chunkSize: number): number => Math.ceil(size / chunkSize)

export const sizeOf = (entries: ReadonlyArray<Pick<Entry, "size">>): number => {
  let sum = 0
  for (let at = 0; at < entries.length; at++) sum += entries[at]!.size
  return sum
}

/**
 * Files that one read or save may touch: a step for each file costs more than a small file does, and a step for very
 * many could not be interrupted.
 */
export const FILES_AT_ONCE = 256
/** What one read, one write to a stream and one write to a disk are cheap for. */
const MIN_CHUNK = 256 * 1024
/** What is held at once, and sent again after a break at worst. */
const MAX_CHUNK = 16 * 1024 * 1024
const FEW_CHUNKS = 2 ** 14
