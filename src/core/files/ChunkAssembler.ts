import type { Crypto } from "../../domain/Crypto.js"
import { equal } from "../../protocol/Bytes.js"
import type { FileInput } from "../../protocol/FileInput.js"
import type { ChunkBitmap } from "./ChunkBitmap.js"
import type { ChunkLayout } from "./ChunkLayout.js"
import { HASH_BYTES, leaf } from "./HashTree.js"
import type { Save } from "./TransferIo.js"

/**
 * The chunk that is coming in: put together in one buffer, verified, saved in as many pieces as it has files, and then
 * counted as there. The buffer serves one chunk after another, so memory is one chunk.
 */
export class ChunkAssembler {
  #state: "idle" | "filling" | "saving" = "idle"
  /** The chunk that is coming in or is to come next; `layout.chunks` when there is none. */
  #chunk: number
  #buffer = new Uint8Array(0)
  /** Bytes of the chunk that are here, and of them those that are saved. */
  #filled = 0
  #saved = 0
  #saving = 0

  constructor(
    private readonly layout: ChunkLayout,
    private readonly leaves: Uint8Array,
    readonly have: ChunkBitmap
  ) {
    this.#chunk = have.nextMissing(0)
  }

  get isFilling(): boolean {
    return this.#state === "filling"
  }

  get isSaving(): boolean {
    return this.#state === "saving"
  }

  /** The bytes of chunk `index` follow; `false` when it is not the one whose turn it is. */
  start(index: number): boolean {
    if (this.#state !== "idle" || index !== this.#chunk || index >= this.layout.chunks) return false
    const length = this.layout.lengthOf(index)
    // The last chunk may be the shortest by far, and the only one.
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length)
    this.#state = "filling"
    this.#filled = 0
    this.#saved = 0
    return true
  }

  /** Takes what is there of the chunk; whether it is whole now. */
  fill(input: FileInput): boolean {
    const length = this.layout.lengthOf(this.#chunk)
    this.#filled += input.raw(this.#buffer.subarray(0, length), this.#filled)
    return this.#filled === length
  }

  /** Whether the whole chunk is what it should be; it is to be saved then. */
  verify(crypto: Crypto): boolean {
    const start = this.#chunk * HASH_BYTES
    const found = leaf(crypto, [this.#buffer.subarray(0, this.#filled)])
    if (!equal(found, this.leaves.subarray(start, start + HASH_BYTES))) return false
    this.#state = "saving"
    return true
  }

  /** The next piece to save, once the last one is. */
  nextSave(): Save | undefined {
    if (this.#state !== "saving" || this.#saving > 0) return undefined
    const start = this.layout.startOf(this.#chunk)
    const { file, length, offset } = this.layout.placeAt(start + this.#saved, start + this.#filled)
    this.#saving = length
    return { _tag: "Save", file, offset, bytes: this.#buffer.subarray(this.#saved, this.#saved + length) }
  }

  /** The last piece is saved; the bytes of the chunk when it was the chunk's last, 0 before. */
  pieceSaved(): number {
    this.#saved += this.#saving
    this.#saving = 0
    if (this.#state !== "saving" || this.#saved < this.#filled) return 0
    this.#state = "idle"
    this.have.add(this.#chunk)
    this.#chunk = this.have.nextMissing(this.#chunk + 1)
    return this.#filled
  }
}
