import type { Crypto } from "../../domain/Crypto.js"
import * as FileName from "../../domain/FileName.js"
import { copy, equal } from "../../protocol/Bytes.js"
import {
  DeclineCode,
  encode,
  type FileRecord,
  MAX_ENTRIES,
  MAX_RECORD,
  type OfferRecord
} from "../../protocol/FileRecord.js"
import type { Sliced } from "../support/Slices.js"
import { ChunkAssembler } from "./ChunkAssembler.js"
import { ChunkBitmap } from "./ChunkBitmap.js"
import { ChunkLayout, chunkSizeOf } from "./ChunkLayout.js"
import { type Content, MAX_MANIFEST, MAX_SIZE, type Offer, transferIdOf } from "./Content.js"
import { reasonOf } from "./EndReason.js"
import * as Manifest from "./Manifest.js"
import { TransferEnd } from "./TransferEnd.js"
import type { DeclineReason, ReceiverEvent, Save, Write } from "./TransferIo.js"

/**
 * The receiving end of a transfer, or of a word about one that has no stream (ASK, END). It takes one offer, waits for
 * the answer of the application, gets manifest and leaves where it has none, and then the missing chunks. A chunk is
 * put together in memory, verified, and only then saved; while that goes on nothing is read.
 *
 * The sender has no choice but to send the missing chunks in ascending order: any other is a violation, and a chunk
 * with a wrong hash ends the transfer, so nothing can be sent in circles.
 */
export class FileReceiver extends TransferEnd<ReceiverEvent, Save> {
  #state: "start" | "asked" | "offered" | "contents" | "chunks" | "complete" = "start"
  #offer: Offer | undefined
  /** Manifest and leaves as they come. */
  #contents: Uint8Array = NONE
  #contentsLength = 0
  #assembler: ChunkAssembler | undefined
  #transferred = 0
  #saved = 0
  #savedTold = 0

  /** `chunkSize` is for tests. */
  constructor(
    private readonly crypto: Crypto,
    private readonly chunkSize?: number
  ) {
    super()
  }

  get transferred(): number {
    return this.#transferred
  }

  /**
   * What is saved, from `accept` or `Contents` on. It is the object that `accept` was given, updated as chunks are
   * saved (by an outstanding `Save`, too, after the connection broke), so it is right for the next connection.
   */
  get have(): ChunkBitmap | undefined {
    return this.#assembler?.have
  }

  /**
   * Answers `Offered`: send. Without `known`, what an earlier connection left, manifest and leaves are asked for first,
   * and `Contents` follows. `known` with another root than the offer's counts as none.
   */
  accept(known?: { readonly content: Content; readonly have: ChunkBitmap }): void {
    const offer = this.#offer
    if (this.#state !== "offered" || offer === undefined || !this.isOpen) return
    const usable = known !== undefined && equal(known.content.offer.root, offer.root)
    this.write({ _tag: "Accept", contents: !usable, have: usable ? known.have.toBytes() : NONE })
    if (usable) this.#begin(known.content, known.have)
    else this.#state = "contents"
    this.pump()
  }

  /** Answers `Offered`: do not send. */
  decline(reason: DeclineReason): void {
    if (this.#state !== "offered" || !this.isOpen) return
    this.write({ _tag: "Decline", reason: DECLINE_CODES[reason] })
    this.settle()
  }

  /**
   * Everything is in its place: the answer to `Complete`, or to an offer that was stored over an earlier connection.
   */
  stored(): void {
    if ((this.#state !== "complete" && this.#state !== "offered") || !this.isOpen) return
    this.write({ _tag: "Done" })
    this.settle()
  }

  /** The bytes of the last `Save` are written (not necessarily synced); their buffer is the machine's again. */
  handleSaved(): void {
    const assembler = this.#assembler
    const length = assembler?.pieceSaved() ?? 0
    if (assembler === undefined || length === 0) return
    this.#transferred += length
    this.#saved++
    this.#completeIf(assembler.have)
    this.pump()
  }

  /** Whether the other side has not said yet what the stream is for. */
  get isUnnamed(): boolean {
    return this.#state === "start" && this.isOpen
  }

  /** Before the answer there is only an offer with its name; whoever wants more memory has to be accepted first. */
  protected override get mostOfRecord(): number {
    return this.#state === "start" || this.#state === "asked" || this.#state === "offered" ? MAX_FIRST : MAX_RECORD
  }

  /** What comes once everything is here cannot spoil it any more. */
  protected get isBusy(): boolean {
    return this.#state === "complete" || this.#assembler?.isSaving === true
  }

  protected get isBetweenRecords(): boolean {
    return true
  }

  protected takeRaw(): boolean {
    const assembler = this.#assembler
    if (assembler?.isFilling !== true) return false
    if (assembler.fill(this.input) && !assembler.verify(this.crypto)) this.fail("Corrupt")
    return true
  }

  protected onRecord(record: FileRecord): boolean {
    if (this.#state === "start") return this.#onFirst(record)
    switch (record._tag) {
      case "Contents":
        return this.#state === "contents" && this.#onContents(record.bytes, record.last)
      case "Chunk":
        return this.#state === "chunks" && this.#assembler?.start(record.index) === true
      default:
        return record._tag === "Unknown" || record._tag === "Pause"
    }
  }

  protected pollMore(writable: boolean): Save | Write | undefined {
    if (writable && this.#savedTold < this.#saved) {
      this.#savedTold = this.#saved
      const bytes = encode({ _tag: "Saved", chunks: this.#saved })
      if (bytes !== undefined) return { _tag: "Write", bytes }
    }
    return this.#assembler?.nextSave()
  }

  #onFirst(record: FileRecord): boolean {
    if (record._tag === "Ask") {
      this.#state = "asked"
      this.emit({ _tag: "Asked", id: transferIdOf(record.id) })
      return true
    }
    if (record._tag === "End") {
      this.emit({ _tag: "Told", id: transferIdOf(record.id), reason: reasonOf(record.code) })
      this.settle()
      return true
    }
    if (record._tag === "OfferUnknown") {
      this.fail("Unsupported")
      return true
    }
    if (record._tag !== "Offer" || record.size > MAX_SIZE || record.files + record.folders > MAX_ENTRIES) return false
    this.#offer = toOffer(record)
    this.#state = "offered"
    this.emit({ _tag: "Offered", offer: this.#offer })
    return true
  }

  #onContents(bytes: Uint8Array, last: boolean): boolean {
    const offer = this.#offer!
    const chunkSize = this.chunkSize ?? chunkSizeOf(offer.size)
    const length = this.#contentsLength + bytes.length
    const most = MAX_MANIFEST + Manifest.leavesLengthOf(offer, chunkSize)
    if (length > most) return false
    if (length > this.#contents.length) {
      const larger = new Uint8Array(Math.max(length, Math.min(most, 2 * this.#contents.length)))
      larger.set(this.#contents.subarray(0, this.#contentsLength))
      this.#contents = larger
    }
    this.#contents.set(bytes, this.#contentsLength)
    this.#contentsLength = length
    if (last) this.work(this.#onAllContents(offer, chunkSize))
    return true
  }

  *#onAllContents(offer: Offer, chunkSize: number): Sliced<void> {
    const bytes = this.#contents.slice(0, this.#contentsLength)
    this.#contents = NONE
    const content = yield* Manifest.decode(this.crypto, offer, bytes, chunkSize)
    if (content === undefined) {
      this.fail("Corrupt")
      return
    }
    this.emit({ _tag: "Contents", content, bytes })
    this.#begin(content)
  }

  #begin(content: Content, known?: ChunkBitmap): void {
    const layout = new ChunkLayout(content.entries, this.chunkSize)
    const have = known ?? new ChunkBitmap(layout.chunks)
    this.#assembler = new ChunkAssembler(layout, content.leaves, have)
    this.#transferred = layout.bytesOf(have)
    this.#state = "chunks"
    this.#completeIf(have)
  }

  #completeIf(have: ChunkBitmap): void {
    if (!have.isComplete || !this.isOpen) return
    this.#state = "complete"
    this.emit({ _tag: "Complete" })
  }
}

const toOffer = ({ _tag, folder, id, name, root, ...rest }: OfferRecord): Offer => ({
  ...rest,
  id: transferIdOf(id),
  kind: folder ? "folder" : "file",
  name: FileName.make(name),
  root: copy(root)
})

const NONE = new Uint8Array(0)
/** Bytes of a record before the answer: an offer with a name of 1,020 bytes, and as much again for what is to come. */
export const MAX_FIRST = 2 * 1024
const DECLINE_CODES: Readonly<Record<DeclineReason, number>> = {
  Declined: DeclineCode.declined,
  NoSpace: DeclineCode.noSpace,
  Other: DeclineCode.other
}
