import type { Crypto } from "../../domain/Crypto.js"
import { equal } from "../../protocol/Bytes.js"
import { MAX_WRITE } from "../peer/stream/StreamId.js"
import { ChunkBitmap } from "./ChunkBitmap.js"
import type { ChunkLayout } from "./ChunkLayout.js"
import { HASH_BYTES, leaf } from "./HashTree.js"
import type { Place } from "./TransferIo.js"

/**
 * Hashes what is there of a content, chunk by chunk, from front to back: the driver answers each `poll` with
 * `handleRead` until it gives nothing more. A source of ours gets its leaves like that; and what a partial
 * holds after a restart is told by its bytes: a note of which chunks were saved could say more than the disk really
 * has.
 *
 * Memory: the bytes of one chunk, and the leaves.
 */
export class ContentHasher {
  readonly #leaves: Uint8Array
  readonly #found: ChunkBitmap
  #chunk = 0
  #at = 0
  #asked: Place | undefined
  #parts: Array<Uint8Array> = []

  constructor(
    private readonly crypto: Crypto,
    private readonly layout: ChunkLayout
  ) {
    this.#leaves = new Uint8Array(layout.chunks * HASH_BYTES)
    this.#found = new ChunkBitmap(layout.chunks)
  }

  /** Bytes of content that were looked at. */
  get scanned(): number {
    return this.#at
  }

  /** All leaves, one after the other; `undefined` before the end, or when a chunk was not there. */
  get leaves(): Uint8Array | undefined {
    return this.#found.isComplete ? this.#leaves : undefined
  }

  /** What to read next; `undefined` at the end. */
  poll(): Place | undefined {
    if (this.#chunk === this.layout.chunks) return undefined
    this.#asked = this.layout.placeAt(this.#at, Math.min(this.layout.endOf(this.#chunk), this.#at + MAX_WRITE))
    return this.#asked
  }

  /** Takes over what is there. `undefined` or too few bytes: the chunk is not there, and its rest is not asked for. */
  handleRead(bytes: Uint8Array | undefined): void {
    const asked = this.#asked
    if (asked === undefined) return
    this.#asked = undefined
    const end = this.layout.endOf(this.#chunk)
    if (bytes?.length !== asked.length) {
      this.#next(end)
      return
    }
    this.#parts.push(bytes)
    this.#at += bytes.length
    if (this.#at < end) return
    this.#leaves.set(leaf(this.crypto, this.#parts), this.#chunk * HASH_BYTES)
    this.#found.add(this.#chunk)
    this.#next(end)
  }

  /** The chunks that are what `leaves` (of a `Content`) say. */
  matching(leaves: Uint8Array): ChunkBitmap {
    const have = new ChunkBitmap(this.layout.chunks)
    for (let chunk = 0; chunk < this.#chunk; chunk++) {
      const start = chunk * HASH_BYTES
      const end = start + HASH_BYTES
      if (this.#found.has(chunk) && equal(this.#leaves.subarray(start, end), leaves.subarray(start, end)))
        have.add(chunk)
    }
    return have
  }

  #next(at: number): void {
    this.#parts = []
    this.#chunk++
    this.#at = at
  }
}
