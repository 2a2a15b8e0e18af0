import { DeclineCode, encode, type FileRecord } from "../../protocol/FileRecord.js"
import { MAX_WRITE } from "../peer/stream/StreamId.js"
import type { Sliced } from "../support/Slices.js"
import { ChunkBitmap } from "./ChunkBitmap.js"
import { ChunkLayout } from "./ChunkLayout.js"
import { type Content, transferIdBytes } from "./Content.js"
import * as Manifest from "./Manifest.js"
import { TransferEnd } from "./TransferEnd.js"
import type { DeclineReason, Place, Read, SenderEvent, Write } from "./TransferIo.js"

/**
 * The sending end of a transfer. It offers a content whose leaves are known; once accepted it sends manifest and leaves
 * where they are asked for, and then each chunk that is missing over there, in ascending order and once, read in pieces
 * that go to the stream as they were read. It hashes nothing: the receiver verifies.
 *
 * One piece is read ahead of what the stream takes; more than that is not held.
 */
export class FileSender extends TransferEnd<SenderEvent, Read> {
  readonly #layout: ChunkLayout
  #state: "offering" | "contents" | "chunks" = "offering"
  /** Manifest and leaves, while they are being sent. */
  #contents: Uint8Array = NONE
  #contentsAt = 0
  /** What was there when the offer was accepted: stays as it is. */
  #have: ChunkBitmap
  #hadBytes = 0
  /** The chunk that is being sent, or the next one. */
  #chunk = 0
  /** What of it was asked for, and written: places in the content. */
  #readAt = 0
  #writtenTo = 0
  #begun = false
  #header: Uint8Array | undefined
  #asked: Place | undefined
  #piece: Uint8Array | undefined
  #sent = 0
  #confirmed = 0
  /** Where the search for the next chunk to be confirmed begins. */
  #confirmedTo = 0
  #confirmedBytes = 0

  /** `content` comes from `Manifest.make`. `chunkSize` is for tests. */
  constructor(
    private readonly content: Content,
    chunkSize?: number
  ) {
    super()
    this.#layout = new ChunkLayout(content.entries, chunkSize)
    this.#have = new ChunkBitmap(this.#layout.chunks)
    const { id, kind, ...rest } = content.offer
    this.write({ _tag: "Offer", ...rest, id: transferIdBytes(id), folder: kind === "folder" })
  }

  get transferred(): number {
    return this.#hadBytes + this.#confirmedBytes
  }

  /**
   * Takes over the bytes that the last `Read` asked for: they go to the stream as they are. `undefined`, or another
   * number of bytes than was asked for, ends the transfer with `Failed` by `reason`.
   */
  handleRead(bytes: Uint8Array | undefined, reason: "Changed" | "Unreadable" = "Changed"): void {
    const asked = this.#asked
    this.#asked = undefined
    if (asked === undefined || !this.isOpen) return
    if (bytes?.length === asked.length) this.#piece = bytes
    else this.fail(reason)
  }

  protected get isBusy(): boolean {
    return false
  }

  protected get isBetweenRecords(): boolean {
    return !this.#begun || this.#header !== undefined
  }

  protected takeRaw(): boolean {
    return false
  }

  protected onRecord(record: FileRecord): boolean {
    switch (record._tag) {
      case "Accept":
        return this.#state === "offering" && this.#accepted(record.contents, record.have)
      case "Decline":
        if (this.#state !== "offering") return false
        this.emit({ _tag: "Declined", reason: DECLINE_REASONS.get(record.reason) ?? "Other" })
        this.settle()
        return true
      case "Saved":
        return this.#saved(record.chunks)
      case "Done":
        // To an offer, too: it was stored over an earlier connection, and we have not heard of it.
        if (this.#state !== "offering" && !this.#isAllSent) return false
        this.#hadBytes = this.#layout.size
        this.#confirmedBytes = 0
        this.emit({ _tag: "Complete" })
        this.settle()
        return true
      default:
        return record._tag === "Unknown" || record._tag === "Pause"
    }
  }

  protected pollMore(writable: boolean): Read | Write | undefined {
    if (this.#state === "contents") return writable ? this.#nextContents() : undefined
    if (this.#state !== "chunks") return undefined
    if (!this.#begun && !this.#begin()) return undefined
    return (writable ? this.#nextWrite() : undefined) ?? this.#nextRead()
  }

  #accepted(contents: boolean, bits: Uint8Array): boolean {
    const have = ChunkBitmap.from(bits, this.#layout.chunks)
    if (have === undefined || (contents && have.count > 0)) return false
    this.#have = have
    this.#hadBytes = this.#layout.bytesOf(have)
    this.#chunk = have.nextMissing(0)
    this.#state = "chunks"
    if (contents) {
      this.#state = "contents"
      this.work(this.#encode())
    }
    this.emit({ _tag: "Accepted" })
    return true
  }

  *#encode(): Sliced<void> {
    this.#contents = yield* Manifest.encode(this.content)
  }

  #saved(chunks: number): boolean {
    if (chunks < this.#confirmed || chunks > this.#sent) return false
    for (; this.#confirmed < chunks; this.#confirmed++) {
      const chunk = this.#have.nextMissing(this.#confirmedTo)
      this.#confirmedBytes += this.#layout.lengthOf(chunk)
      this.#confirmedTo = chunk + 1
    }
    return true
  }

  get #isAllSent(): boolean {
    return this.#state === "chunks" && this.#chunk === this.#layout.chunks
  }

  #nextContents(): Write | undefined {
    const end = Math.min(this.#contents.length, this.#contentsAt + CONTENTS_PIECE)
    const last = end === this.#contents.length
    const bytes = encode({ _tag: "Contents", last, bytes: this.#contents.subarray(this.#contentsAt, end) })
    this.#contentsAt = end
    if (last) {
      this.#contents = NONE
      this.#state = "chunks"
    }
    return bytes && { _tag: "Write", bytes }
  }

  /** Begins the next chunk, unless there is none or we pause; whether it has. */
  #begin(): boolean {
    if (this.#chunk === this.#layout.chunks || this.pausedBy !== undefined) return false
    this.#begun = true
    this.#header = encode({ _tag: "Chunk", index: this.#chunk })
    this.#readAt = this.#layout.startOf(this.#chunk)
    this.#writtenTo = this.#readAt
    return true
  }

  #nextWrite(): Write | undefined {
    const bytes = this.#header ?? this.#piece
    if (bytes === undefined) return undefined
    if (this.#header !== undefined) this.#header = undefined
    else this.#pieceWritten(bytes.length)
    return { _tag: "Write", bytes }
  }

  #pieceWritten(length: number): void {
    this.#piece = undefined
    this.#writtenTo += length
    if (this.#writtenTo < this.#layout.endOf(this.#chunk)) return
    this.#begun = false
    this.#sent++
    this.#chunk = this.#have.nextMissing(this.#chunk + 1)
  }

  #nextRead(): Read | undefined {
    const end = this.#layout.endOf(this.#chunk)
    if (this.#asked !== undefined || this.#piece !== undefined || this.#readAt === end) return undefined
    const place = this.#layout.placeAt(this.#readAt, Math.min(end, this.#readAt + MAX_WRITE))
    this.#asked = place
    this.#readAt += place.length
    return { _tag: "Read", ...place }
  }
}

const NONE = new Uint8Array(0)
/** Bytes of manifest and leaves in one record: half of what a record may have. */
const CONTENTS_PIECE = 32 * 1024
const DECLINE_REASONS: ReadonlyMap<number, DeclineReason> = new Map([
  [DeclineCode.declined, "Declined"],
  [DeclineCode.noSpace, "NoSpace"]
])
