import * as Bytes from "../../../protocol/Bytes.js"

/**
 * The meaning of each index that we chose for packets to us: a handshake of ours that waits for its answer, or the keys
 * of an epoch.
 */
export class IndexTable<Entry> implements Indexes {
  readonly #entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly #entries = new Map<number, Entry>()

  constructor(entropy: { readonly bytes: (length: number) => Uint8Array }) {
    this.#entropy = entropy
  }

  get(index: number): Entry | undefined {
    return this.#entries.get(index)
  }

  allocate(): number {
    let index = new Bytes.Reader(this.#entropy.bytes(4)).u32()
    while (this.#entries.has(index)) index = (index + 1) % 2 ** 32
    return index
  }

  register(index: number, entry: Entry): void {
    this.#entries.set(index, entry)
  }

  release(index: number): void {
    this.#entries.delete(index)
  }
}

/** The indexes of a client, for the parts that allocate and release them and look none up. */
export interface Indexes {
  /** A random index that is not in use. It is in use once it is registered. */
  readonly allocate: () => number
  /** Packets to this index are dropped from now on. */
  readonly release: (index: number) => void
}
