import type { Crypto } from "../../domain/Crypto.js"
import { equal } from "../../protocol/Bytes.js"
import { MAX_WRITE } from "../peer/Api.js"
import { HASH_BYTES, leaf } from "./HashTree.js"
import { Have } from "./Have.js"
import type { Layout } from "./Layout.js"
import type { Place, ScanMachine } from "./Machines.js"

/**
 * Hashes what is there of a content, chunk by chunk. A source of ours gets its leaves like that; and what a partial
 * holds after a restart is told by its bytes: a note of which chunks were saved could say more than the disk really
 * has.
 *
 * Memory: the bytes of one chunk, and the leaves.
 */
export class Scan implements ScanMachine {
  readonly #leaves: Uint8Array
  readonly #found: Have
  #chunk = 0
  #at = 0
  #asked: Place | undefined
  #parts: Array<Uint8Array> = []

  constructor(
    private readonly crypto: Crypto,
    private readonly layout: Layout
  ) {
    this.#leaves = new Uint8Array(layout.chunks * HASH_BYTES)
    this.#found = new Have(layout.chunks)
  }

  get scanned(): number {
    return this.#at
  }

  get leaves(): Uint8Array | undefined {
    return this.#found.isComplete ? this.#leaves : undefined
  }

  poll(): Place | undefined {
    if (this.#chunk === this.layout.chunks) return undefined
    this.#asked = this.layout.placeAt(this.#at, Math.min(this.layout.endOf(this.#chunk), this.#at + MAX_WRITE))
    return this.#asked
  }

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

  matching(leaves: Uint8Array): Have {
    const have = new Have(this.layout.chunks)
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
