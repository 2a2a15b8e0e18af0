import { FileInput } from "../../protocol/FileInput.js"
import { decode, type EncodableRecord, encode, type FileRecord, MAX_RECORD } from "../../protocol/FileRecord.js"
import type { Sliced } from "../support/Slices.js"
import { codeOf, reasonOf } from "./EndReason.js"
import type { AbortReason, CommonEvent, Finish, Reset, Turn, Write } from "./TransferIo.js"

/**
 * What both ends of a transfer have in common: records cut out of the stream, pauses, and the ways in which it comes to
 * an end. Each machine stands between one stream of one connection and one disk, lives as long as that stream, and is
 * synchronous: it never throws, whatever the peer sends.
 *
 * The driver of a machine:
 * - hands over what the stream gives (`handleBytes`, `handleEnd`, `handleReset`), while `wantsBytes`;
 * - after every call drains `pollEvent` first and acts on it, then `poll` until it gives nothing;
 * - passes `poll` whether the stream takes bytes now (`false` from a `writeStream` that asked to wait until
 *   `StreamWritable`).
 *
 * Nothing follows `Finish` but the other side's end, and nothing at all follows `Reset` or the reset of the other side.
 * A break of the connection is no input: drop the machine, and make another with the next stream.
 *
 * An end is *open* until its answer is known, then *settled*: what is left to say is written, our direction finished,
 * and what still comes is not looked at. It is *over* after a reset, by either side, or when both directions have
 * ended.
 */
export abstract class TransferEnd<Event, Action> {
  protected readonly input = new FileInput()
  #life: "open" | "settled" | "over" = "open"
  /** Records that go out before anything else: an offer or an answer, and the last word. */
  readonly #out: Array<Uint8Array> = []
  #events: Array<Event | CommonEvent> = []
  #resetDue: number | undefined
  #finishDue = false
  #pausedByUs = false
  #pausedByThem = false
  /** What the other side believes of `#pausedByUs`. */
  #pauseTold = false
  /** What goes on in turns; until it is done nothing is read. */
  #work: Sliced<void> | undefined

  /**
   * Bytes that are verified and stored at the receiver, those of earlier connections included. The sender knows them
   * from what the receiver tells, so it may be up to a round trip behind. 0 before the offer was accepted.
   */
  abstract get transferred(): number

  /** Takes a record (a pause needs nothing more); `false` when it has no place here and now. */
  protected abstract onRecord(record: FileRecord): boolean
  /** Takes raw bytes from `input`, where such are expected now; whether they are. */
  protected abstract takeRaw(): boolean
  /** Bytes of type and body that the next record may have. */
  protected get mostOfRecord(): number {
    return MAX_RECORD
  }
  /** Whether input has to wait. */
  protected abstract get isBusy(): boolean
  /** Whether a record may be written between what was written and what will be. */
  protected abstract get isBetweenRecords(): boolean
  protected abstract pollMore(writable: boolean): Action | Write | undefined

  /** Whether the driver may read the stream. */
  get wantsBytes(): boolean {
    return this.#life !== "over" && !this.input.pending
  }

  /** Which side has stopped the flow. */
  get pausedBy(): "us" | "them" | "both" | undefined {
    if (this.#pausedByUs) return this.#pausedByThem ? "both" : "us"
    return this.#pausedByThem ? "them" : undefined
  }

  protected get isOpen(): boolean {
    return this.#life === "open"
  }

  /** Takes the next bytes of the stream over; they must not change any more. */
  handleBytes(bytes: Uint8Array): void {
    if (!this.isOpen) return
    this.input.push(bytes)
    this.pump()
  }

  /** The other side's end of the stream. */
  handleEnd(): void {
    if (this.#life === "settled") this.#life = "over"
    else this.fail("Violation")
  }

  /** The other side gave the stream up. The event says what that means. */
  handleReset(code: number): void {
    if (this.isOpen) {
      const reason = reasonOf(code)
      this.emit(reason === "Cancelled" ? { _tag: "Cancelled" } : { _tag: "Failed", reason, by: "them" })
    }
    this.#end()
  }

  /** Goes on with the work that a `Turn` was for. */
  handleTurn(): void {
    this.#goOn()
    this.pump()
  }

  /** What has happened since, to be looked at before `poll`. */
  pollEvent(): Event | CommonEvent | undefined {
    return this.#events.shift()
  }

  /** What the driver shall do next; `writable` says whether the stream takes bytes now. */
  poll(writable: boolean): Action | Write | Finish | Reset | Turn | undefined {
    const code = this.#resetDue
    if (code !== undefined) {
      this.#resetDue = undefined
      return { _tag: "Reset", code }
    }
    if (writable) {
      const bytes = this.#out.shift() ?? this.#pauseRecord()
      if (bytes !== undefined) return { _tag: "Write", bytes }
    }
    if (this.#work !== undefined) return { _tag: "Turn" }
    if (this.isOpen) return this.pollMore(writable)
    if (!this.#finishDue || this.#out.length > 0) return undefined
    this.#finishDue = false
    return { _tag: "Finish" }
  }

  /** Stops or restarts the flow from our side; the other side is told. The chunk that has begun still goes. */
  pause(paused: boolean): void {
    this.#pausedByUs = paused
  }

  /** Ends the transfer: `poll` gives a `Reset` that tells the other side why. No event follows: the caller knows. */
  abort(reason: AbortReason): void {
    if (!this.isOpen) return
    this.#events = []
    this.#end()
    this.#resetDue = codeOf(reason)
  }

  /** Handles what has come, as far as it can be now. */
  protected pump(): void {
    while (this.isOpen && this.#work === undefined && !this.isBusy && this.input.pending) {
      if (this.takeRaw()) continue
      const content = this.input.record(this.mostOfRecord)
      if (content === undefined) return
      const record = content === "malformed" ? undefined : decode(content)
      if (record === undefined || !this.onRecord(record)) this.fail("Violation")
      else if (record._tag === "Pause") this.#onPause(record.paused)
    }
  }

  /** Does this from now on, one slice at once and each other one in a turn of its own. It ends with the transfer. */
  protected work(work: Sliced<void>): void {
    this.#work = work
    this.#goOn()
  }

  protected emit(event: Event | CommonEvent): void {
    this.#events.push(event)
  }

  protected write(record: EncodableRecord): void {
    const bytes = encode(record)
    if (bytes !== undefined) this.#out.push(bytes)
  }

  /** Nothing is left to be decided. */
  protected settle(): void {
    this.#life = "settled"
    this.#finishDue = true
    this.input.clear()
  }

  protected fail(reason: Exclude<AbortReason, "Cancelled">): void {
    if (!this.isOpen) return
    this.emit({ _tag: "Failed", reason, by: "us" })
    this.#end()
    this.#resetDue = codeOf(reason)
  }

  #goOn(): void {
    if (this.#work?.next().done === true) this.#work = undefined
  }

  #onPause(paused: boolean): void {
    if (paused === this.#pausedByThem) return
    this.#pausedByThem = paused
    const last = this.#events.length - 1
    const event = { _tag: "Paused", paused } as const
    // Only the latest is news: a peer that flickers fills no queue.
    if (isPaused(this.#events[last])) this.#events[last] = event
    else this.emit(event)
  }

  #pauseRecord(): Uint8Array | undefined {
    if (!this.isOpen || this.#pauseTold === this.#pausedByUs || !this.isBetweenRecords) return undefined
    this.#pauseTold = this.#pausedByUs
    return encode({ _tag: "Pause", paused: this.#pausedByUs })
  }

  #end(): void {
    this.#life = "over"
    this.#finishDue = false
    this.#work = undefined
    this.#out.length = 0
    this.input.clear()
  }
}

const isPaused = (event: unknown): boolean =>
  typeof event === "object" && event !== null && "_tag" in event && event._tag === "Paused"
