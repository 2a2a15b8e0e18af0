import { Writer } from "../../../protocol/Bytes.js"
import { type Range, RangeSet } from "../../support/RangeSet.js"

/**
 * The sending half of a stream (RFC 9000 §2.2, §3.1): keeps the bytes until they are acknowledged, and says which to
 * send next, lost ones first. It never goes beyond the limit that the receiver has set. It does not bound what is
 * written: its owner looks at `unsent` or `kept`.
 */
export class SendStream {
  /** The written bytes not acknowledged yet, in order and without gaps. */
  #chunks: Array<Chunk> = []
  /** The last of them, while it is a slab. */
  #tail: Chunk | undefined
  /** A slab that was acknowledged, for the next bytes. */
  #spare: Uint8Array | undefined
  #head = 0
  /** Offset before which everything was acknowledged. */
  #base = 0
  #written = 0
  #sent = 0
  #limit: number
  /** Whether the end was written. An empty frame at its offset tells it. */
  #finished = false
  #endPending = false
  #endAcknowledged = false
  /** The offsets at which the last three portions sent begin. */
  #recent: readonly [number, number, number] = [0, 0, 0]
  readonly #acknowledged = new RangeSet()
  readonly #lost = new RangeSet()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes written and never sent. */
  get unsent(): number {
    return this.#written - this.#sent
  }

  /** Bytes written and not acknowledged up to here: what the stream keeps in memory. */
  get kept(): number {
    return this.#written - this.#base
  }

  /** Whether bytes, or the end, may be sent now. */
  get pending(): boolean {
    return !this.#lost.isEmpty || this.#sent < Math.min(this.#written, this.#limit) || this.#isEndNext
  }

  /** Everything was written, sent, and acknowledged, the end included. */
  get isDone(): boolean {
    return this.#endAcknowledged && this.#base === this.#written
  }

  get isFinished(): boolean {
    return this.#finished
  }

  /** Ends the stream: nothing is written any more. */
  finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#endPending = true
  }

  /** Takes over `data`, which must not change any more. */
  write(data: Uint8Array): void {
    if (data.length === 0) return
    this.#tail = undefined
    this.#chunks.push({ start: this.#written, data, filled: data.length, isSlab: false })
    this.#written += data.length
  }

  /**
   * A writer for the next `length` bytes of the stream, which the caller fills at once. Small pieces are so put
   * together in memory of the stream's own, because a buffer for each of them would cost more than writing it.
   */
  extend(length: number): Writer {
    let tail = this.#tail
    if (tail === undefined || tail.filled + length > tail.data.length) {
      const data = length > SLAB ? new Uint8Array(length) : this.#slab()
      tail = this.#tail = { start: this.#written, data, filled: 0, isSlab: length <= SLAB }
      this.#chunks.push(tail)
    }
    const writer = new Writer(tail.data, tail.filled)
    tail.filled += length
    this.#written += length
    return writer
  }

  /** The receiver's limit only ever grows; an older, smaller one is ignored. */
  setLimit(limit: number): void {
    this.#limit = Math.max(this.#limit, limit)
  }

  /**
   * The next bytes to send, at most `length` of them, now counted as sent; after the last ones an empty range, which is
   * the end. `undefined` when there is nothing to send.
   */
  next(length: number): Range | undefined {
    if (length <= 0) return undefined
    const lost = this.#lost.first
    if (lost !== undefined) {
      const end = Math.min(lost.end, lost.start + length)
      this.#lost.remove(lost.start, end)
      return { start: lost.start, end }
    }
    const end = Math.min(this.#written, this.#limit, this.#sent + length)
    if (end <= this.#sent) return this.#takeEnd()
    const start = this.#sent
    this.#sent = end
    this.#recent = [this.#recent[1], this.#recent[2], start]
    return { start, end }
  }

  /**
   * `range`, with the unacknowledged bytes of the one or two portions before it when they are at most `most`: when
   * those were lost, the receiver has them with this packet, and need not wait until the loss is noticed.
   */
  withRecent(range: Range, most: number): Range {
    const start = Math.max(this.#base, range.start - most, this.#recent[0])
    return range.end === this.#sent && start < range.start ? { start, end: range.end } : range
  }

  /** Where the next bytes start: what the size of a frame header depends on. */
  get nextOffset(): number {
    return this.#lost.first?.start ?? this.#sent
  }

  /** Writes the unacknowledged bytes of `range`. */
  writeTo(writer: { readonly bytes: (value: Uint8Array) => void }, range: Range): void {
    let index = this.#find(range.start)
    let at = range.start
    while (at < range.end) {
      const { data, filled, start } = this.#chunks[index++]!
      const part = data.subarray(at - start, Math.min(filled, range.end - start))
      writer.bytes(part)
      at += part.length
    }
  }

  onAcknowledged(range: Range): void {
    if (range.start === range.end) {
      this.#endAcknowledged = true
      this.#endPending = false
      return
    }
    this.#acknowledged.add(range.start, range.end)
    this.#lost.remove(range.start, range.end)
    const done = this.#acknowledged.first!
    if (done.start > 0) return
    this.#base = done.end
    this.#release(done.end)
  }

  /** Sends these bytes again, but for those that were acknowledged through another packet. */
  onLost(range: Range): void {
    if (range.start === range.end) {
      this.#endPending = !this.#endAcknowledged
      return
    }
    this.#lost.add(range.start, range.end)
    for (const { start, end } of this.#acknowledged.ranges) this.#lost.remove(start, end)
  }

  get #isEndNext(): boolean {
    return this.#endPending && this.#sent === this.#written
  }

  #takeEnd(): Range | undefined {
    if (!this.#isEndNext) return undefined
    this.#endPending = false
    return { start: this.#written, end: this.#written }
  }

  #slab(): Uint8Array {
    const spare = this.#spare
    this.#spare = undefined
    return spare ?? new Uint8Array(this.kept > SLAB ? BUSY_SLAB : SLAB)
  }

  /** The index of the chunk that holds `offset`. */
  #find(offset: number): number {
    let low = this.#head
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#chunks[middle]!.start <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  /**
   * Forgets the chunks that end at or before `offset`. The array is cut when half of it is forgotten, so that each
   * chunk costs O(1).
   */
  #release(offset: number): void {
    while (this.#head < this.#chunks.length) {
      const chunk = this.#chunks[this.#head]!
      if (chunk.start + chunk.filled > offset) break
      if (chunk === this.#tail) this.#tail = undefined
      if (chunk.isSlab) this.#spare = chunk.data
      this.#chunks[this.#head] = RELEASED
      this.#head++
    }
    if (this.kept === 0 && this.#spare?.length !== SLAB) this.#spare = undefined
    if (this.#head * 2 < this.#chunks.length) return
    this.#chunks = this.#chunks.slice(this.#head)
    this.#head = 0
  }
}

/** Bytes from `start` on: the first `filled` ones of `data`. */
interface Chunk {
  readonly start: number
  readonly data: Uint8Array
  filled: number
  /** Whether `data` is memory of the stream's own, which may be filled again. */
  readonly isSlab: boolean
}

const RELEASED: Chunk = { start: 0, data: new Uint8Array(0), filled: 0, isSlab: false }
/** Bytes of a slab: some fifteen lines of usual length; what a stream that has nothing to send keeps. */
const SLAB = 2048
/** Bytes of a slab where more than one is waiting: small ones would take a good part of a message's time. */
const BUSY_SLAB = 16 * 1024
