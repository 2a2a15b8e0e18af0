/** What a connection receives: segments in any order in, bytes in order out. */
export class TcpReceiver {
  /** The next sequence number that is wanted. */
  expected = 1
  readonly #early = new Map<number, { readonly data: Uint8Array; readonly fin: boolean }>()
  readonly #inbox: Array<Uint8Array> = []
  #inboxBytes = 0
  #finished = false

  /** Bytes that there is room for. */
  get window(): number {
    return Math.max(0, CAPACITY - this.#inboxBytes)
  }

  /** Whether the peer has ended and all of it has been read. */
  get ended(): boolean {
    return this.#finished && this.#inbox.length === 0
  }

  /** Whether bytes wait to be read. */
  get holds(): boolean {
    return this.#inbox.length > 0
  }

  /** Takes a segment's content. */
  accept(sequence: number, data: Uint8Array, fin: boolean): void {
    if (sequence > this.expected) {
      if (sequence - this.expected > CAPACITY || this.#early.size >= MAX_EARLY) return
      if ((this.#early.get(sequence)?.data.length ?? -1) < data.length) this.#early.set(sequence, { data, fin })
      return
    }
    this.#append(sequence, data, fin)
    for (let next = this.#due(); next !== undefined; next = this.#due()) {
      this.#append(next[0], next[1].data, next[1].fin)
    }
  }

  /** The next bytes in order. */
  read(): Uint8Array | undefined {
    const data = this.#inbox.shift()
    if (data !== undefined) this.#inboxBytes -= data.length
    return data
  }

  discard(): void {
    this.#inbox.length = 0
    this.#inboxBytes = 0
  }

  #append(sequence: number, data: Uint8Array, fin: boolean): void {
    const fresh = data.subarray(Math.min(data.length, this.expected - sequence))
    if (fresh.length > 0) {
      this.#inbox.push(new Uint8Array(fresh))
      this.#inboxBytes += fresh.length
      this.expected += fresh.length
    }
    if (fin && !this.#finished && sequence + data.length === this.expected) {
      this.#finished = true
      this.expected++
    }
  }

  #due(): [number, { readonly data: Uint8Array; readonly fin: boolean }] | undefined {
    for (const entry of this.#early) {
      if (entry[0] > this.expected) continue
      this.#early.delete(entry[0])
      return entry
    }
    return undefined
  }
}

/** The receive buffer, and with it the largest window. */
const CAPACITY = 65_536

/** Segments kept for later. A window's worth of single bytes would be 65,536; the rest is sent again. */
const MAX_EARLY = 4096
