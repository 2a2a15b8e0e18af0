/**
 * The receiving half of a stream (RFC 9000 §2.2, §3.2): puts bytes in order. What came early waits here, at most as much as flow
 * control allows and in a bounded number of pieces; what came twice is dropped.
 */
export class ReceiveStream {
  /** Bytes that came early: ascending, disjoint, all beyond `#read`. */
  readonly #early: Array<{ readonly start: number; readonly data: Uint8Array }> = []
  #read = 0
  /** The bytes at `#read`, when they came in order: a view of the packet. */
  #ready: Uint8Array | undefined
  #highest = 0

  /** `maxPieces` may wait for one before them. */
  constructor(private readonly maxPieces = MAX_SEGMENTS) {}

  /** Bytes handed out by `read`. */
  get offset(): number {
    return this.#read
  }

  /** One past the last byte that came, in order or early. */
  get highest(): number {
    return this.#highest
  }

  /**
   * Takes the bytes of one frame; `false` when they go beyond `limit` or the sender scatters them as no honest one does. Call `read`
   * until it is empty, or `park`, before the packet's buffer is used again.
   */
  receive(offset: number, data: Uint8Array, limit: number): boolean {
    const end = offset + data.length
    if (end > limit) return false
    this.#highest = Math.max(this.#highest, end)
    if (end <= this.#read) return true
    const start = Math.max(offset, this.#read)
    const fresh = data.subarray(start - offset)
    if (start === this.#read && this.#early.length === 0) {
      this.#ready = fresh
      return true
    }
    this.#keep(start, end, fresh)
    return this.#early.length <= this.maxPieces
  }

  /** The next bytes in order; `undefined` when they have not come yet. */
  read(): Uint8Array | undefined {
    const ready = this.#ready
    if (ready !== undefined) {
      this.#ready = undefined
      this.#read += ready.length
      return ready
    }
    const first = this.#early[0]
    if (first === undefined || first.start > this.#read) return undefined
    this.#early.shift()
    this.#read += first.data.length
    return first.data
  }

  /** Keeps what `read` has not taken, so that the packet's buffer may be used again. */
  park(): void {
    const ready = this.#ready
    if (ready === undefined) return
    this.#ready = undefined
    this.#early.unshift({ start: this.#read, data: ready.slice() })
  }

  /** Copies the parts of `data` that are not here yet into the holes between the early segments. */
  #keep(start: number, end: number, data: Uint8Array): void {
    let at = start
    let index = this.#after(start)
    const before = this.#early[index - 1]
    if (before !== undefined) at = Math.max(at, before.start + before.data.length)
    while (at < end) {
      const next = this.#early[index]
      const stop = Math.min(end, next?.start ?? end)
      if (stop > at) {
        this.#early.splice(index, 0, { start: at, data: data.slice(at - start, stop - start) })
        index++
      }
      if (next === undefined || next.start >= end) return
      at = next.start + next.data.length
      index++
    }
  }

  /** The index of the first segment that starts after `offset`. */
  #after(offset: number): number {
    let low = 0
    let high = this.#early.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#early[middle]!.start <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** A full window (256 KiB) of padded packets makes 240 segments when every packet before them is lost; four times that is hostile. */
export const MAX_SEGMENTS = 1024
