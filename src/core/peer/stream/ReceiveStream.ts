/**
 * The receiving half of a stream (RFC 9000 §2.2, §3.2): puts bytes in order. Bytes that come early wait here, at most
 * as many as flow control allows and in a bounded number of pieces. Bytes that come twice are dropped.
 */
export class ReceiveStream {
  /** How many pieces may wait for the bytes before them. */
  maxPieces: number
  /**
   * Bytes that came early: ascending, disjoint, all beyond `#read`. Pieces that touch are put together, so that many
   * small ones become few.
   */
  readonly #early: Array<Segment> = []
  #read = 0
  /** The bytes at `#read`, when they came in order: a view of the packet. */
  #ready: Uint8Array | undefined
  #highest = 0

  constructor(maxPieces = MAX_SEGMENTS) {
    this.maxPieces = maxPieces
  }

  /** Bytes handed out by `read`. */
  get offset(): number {
    return this.#read
  }

  /** One past the last byte that came, in order or early. */
  get highest(): number {
    return this.#highest
  }

  /**
   * Takes the bytes of one frame. `false` when they go beyond `limit`, or are scattered over more pieces than an honest
   * sender makes. Call `read` until it is empty, or `park`, before the packet's buffer is used again.
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
    this.#read = first.end
    return first.bytes
  }

  /** Copies the bytes that `read` has not taken, so that the packet's buffer may be used again. */
  park(): void {
    const ready = this.#ready
    if (ready === undefined) return
    this.#ready = undefined
    this.#early.unshift(new Segment(this.#read, ready))
  }

  /** Copies the parts of `data` that are not here yet into the holes between the early segments. */
  #keep(start: number, end: number, data: Uint8Array): void {
    let at = start
    let index = this.#after(start)
    const before = this.#early[index - 1]
    if (before !== undefined) at = Math.max(at, before.end)
    while (at < end) {
      const next = this.#early[index]
      const stop = Math.min(end, next?.start ?? end)
      if (stop > at) {
        const fresh = data.subarray(at - start, stop - start)
        if (this.#early[index - 1]?.append(at, fresh) !== true) {
          this.#early.splice(index, 0, new Segment(at, fresh))
          index++
        }
      }
      if (next === undefined || next.start >= end) return
      at = next.end
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

/** Bytes in a row, with room to grow at their end. */
class Segment {
  #buffer: Uint8Array
  #length: number

  constructor(
    readonly start: number,
    data: Uint8Array
  ) {
    this.#buffer = data.slice()
    this.#length = data.length
  }

  get end(): number {
    return this.start + this.#length
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Appends `data`, whose offset is `at`; `false` when it does not follow this segment, or makes it too long. */
  append(at: number, data: Uint8Array): boolean {
    const length = this.#length + data.length
    if (at !== this.end || length > LARGEST_SEGMENT) return false
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, Math.min(LARGEST_SEGMENT, 2 * this.#buffer.length)))
      larger.set(this.bytes)
      this.#buffer = larger
    }
    this.#buffer.set(data, this.#length)
    this.#length = length
    return true
  }
}

/**
 * Bytes up to which segments are put together: memory stays within twice the bytes, and copying within twice the work.
 */
const LARGEST_SEGMENT = 16 * 1024
/**
 * An honest sender leaves a hole for each packet lost: a thousand packets lost out of two thousand under way are
 * hostile.
 */
export const MAX_SEGMENTS = 1024
