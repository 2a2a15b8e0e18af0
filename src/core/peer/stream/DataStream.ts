import { ByteQueue } from "./ByteQueue.js"
import { ReceiveStream } from "./ReceiveStream.js"
import { SendStream } from "./SendStream.js"

/**
 * One stream from 1 on: bytes in both directions, each of which has an end. The stream is over when our end was
 * acknowledged and the peer's end was read. Bytes received and not read are bounded by the limit that the peer was
 * told.
 */
export class DataStream {
  readonly sending = new SendStream(FIRST_WINDOW)
  readonly #incoming = new ReceiveStream(FIRST_HOLES)
  readonly #readable = new ByteQueue()
  /** The limit that the peer was told last. */
  #advertised = FIRST_WINDOW
  /** The limit that the peer may be told now: see `grant`. */
  #limit = FIRST_WINDOW
  #read = 0
  /** The offset at which the peer's bytes end, once the peer has told it. */
  #finalOffset: number | undefined
  #endRead = false
  #blocked = false

  constructor(readonly id: number) {}

  /** Bytes received and not read, or granted and not received. */
  get granted(): number {
    return this.#limit - this.#read
  }

  /** Whether more was granted than every stream begins with. */
  get isRaised(): boolean {
    return this.#limit > FIRST_WINDOW
  }

  /** Bytes that the stream counts with, of what all streams may hold (`ReceiveBudget`). */
  get charge(): number {
    const end = this.isRaised ? Math.min(this.#limit, this.#finalOffset ?? this.#limit) : this.#incoming.highest
    return end - this.#read
  }

  /** Whether the peer may still need a higher limit: it has not said where its bytes end. */
  get needsLimit(): boolean {
    return this.#finalOffset === undefined
  }

  /** Whether both directions have ended. */
  get isOver(): boolean {
    return this.#endRead && this.sending.isDone
  }

  /** Whether a `read` would give something, the end included, that it did not before. */
  get isReadable(): boolean {
    return this.#readable.length > 0 || (!this.#endRead && this.#finalOffset === this.#incoming.offset)
  }

  /** Takes the bytes of a STREAM frame, none for the end; `false` when the peer broke the protocol. */
  receive(offset: number, data: Uint8Array): boolean {
    if (data.length === 0) {
      if (offset > this.#limit || (this.#finalOffset ?? offset) !== offset || offset < this.#incoming.highest)
        return false
      this.#finalOffset = offset
      return true
    }
    if (offset + data.length > (this.#finalOffset ?? this.#limit)) return false
    if (!this.#incoming.receive(offset, data, this.#limit)) return false
    for (let bytes = this.#incoming.read(); bytes !== undefined; bytes = this.#incoming.read())
      this.#readable.push(bytes)
    return true
  }

  /** The next bytes in order, `"end"` once after the last, `undefined` when there is nothing yet. */
  read(): Uint8Array | "end" | undefined {
    const bytes = this.#readable.shift()
    if (bytes !== undefined) {
      this.#read += bytes.length
      return bytes
    }
    if (this.#endRead || this.#finalOffset !== this.#read) return undefined
    this.#endRead = true
    return "end"
  }

  /**
   * Lets the peer have up to `window` bytes under way or unread. Gives whether the limit has grown enough to be told in
   * a frame.
   */
  grant(window: number): boolean {
    if (!this.needsLimit) return false
    this.#limit = Math.max(this.#limit, this.#read + window)
    if (this.isRaised) this.#incoming.maxPieces = MAX_HOLES
    return this.#limit - this.#advertised >= window / LIMIT_STEPS
  }

  /** The limit to tell the peer; it counts as told. */
  announceLimit(): number {
    this.#advertised = this.#limit
    return this.#limit
  }

  /** The writer was told to wait. */
  block(): void {
    this.#blocked = true
  }

  /** Whether the writer was told to wait. From now on it counts as told to go on. */
  unblock(): boolean {
    const was = this.#blocked
    this.#blocked = false
    return was
  }
}

/** Bytes of a stream that may be under way before the receiver has said more: half a second of a modest line. */
export const FIRST_WINDOW = 64 * 1024
/** A window is renewed in this many steps: an announcement costs a few bytes, a stalled sender a round trip. */
const LIMIT_STEPS = 8
/** Holes that a full window may have: every second packet of it lost. */
const MAX_HOLES = 4096
/** Pieces of the first window: with a hole for each they take twice its bytes at most. */
const FIRST_HOLES = 512
