import * as Bytes from "../../../protocol/Bytes.js"
import type { IndexEntry } from "../AssociationContext.js"

/**
 * What the indexes stand for that we chose for packets to us: a handshake of ours that waits for its answer, or keys.
 */
export class IndexTable {
  readonly #entries = new Map<number, IndexEntry>()

  constructor(private readonly entropy: { readonly bytes: (length: number) => Uint8Array }) {}

  get(index: number): IndexEntry | undefined {
    return this.#entries.get(index)
  }

  /** An index that is not in use, and that nobody can guess. */
  allocate(): number {
    let index = new Bytes.Reader(this.entropy.bytes(4)).u32()
    while (this.#entries.has(index)) index = (index + 1) % 2 ** 32
    return index
  }

  register(index: number, entry: IndexEntry): void {
    this.#entries.set(index, entry)
  }

  release(index: number): void {
    this.#entries.delete(index)
  }
}
