import type { ChunkBitmap } from "../../src/core/files/ChunkBitmap.js"
import { ChunkLayout } from "../../src/core/files/ChunkLayout.js"
import { type Content, type Entry, TransferId } from "../../src/core/files/Content.js"
import { ContentHasher } from "../../src/core/files/ContentHasher.js"
import { FileReceiver } from "../../src/core/files/FileReceiver.js"
import { FileSender } from "../../src/core/files/FileSender.js"
import * as Manifest from "../../src/core/files/Manifest.js"
import type { Place, ReceiverEvent, Save, SenderEvent } from "../../src/core/files/TransferIo.js"
import { MAX_WRITE } from "../../src/core/peer/stream/StreamId.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import { concat } from "../../src/protocol/Bytes.js"
import { partsOf } from "../../src/services/Files.js"
import { whole } from "./Slices.js"

export const ID = TransferId.make("0123456789abcdef0123456789abcdef")

/** Files in memory, by index. */
export class Disk {
  constructor(readonly files: Array<Uint8Array>) {}

  static empty(entries: ReadonlyArray<Entry>): Disk {
    return new Disk(entries.map(({ size }) => new Uint8Array(size)))
  }

  read({ file, length, offset }: Place): Uint8Array {
    const parts = [...partsOf(this.#sizes, file, offset, length)].map(({ index, length, offset }) =>
      this.files[index]!.slice(offset, offset + length)
    )
    return concat(parts)
  }

  write(file: number, offset: number, bytes: Uint8Array): void {
    for (const { at, index, length, offset: from } of this.#parts(file, offset, bytes.length))
      this.files[index]!.set(bytes.subarray(at, at + length), from)
  }

  get #sizes() {
    return this.files.map((bytes) => ({ size: bytes.length }))
  }

  #parts(file: number, offset: number, length: number) {
    const parts = [...partsOf(this.#sizes, file, offset, length)]
    const end = parts.at(-1)
    if (end === undefined || parts[0]!.offset !== offset || end.at + end.length !== length)
      throw new Error(`a place outside of the layout: ${file}, ${offset}, ${length}`)
    return parts
  }
}

/** What is on `disk`, hashed. */
export const scan = (disk: Disk, layout: ChunkLayout): ContentHasher => {
  const machine = new ContentHasher(crypto, layout)
  for (let place = machine.poll(); place !== undefined; place = machine.poll()) machine.handleRead(disk.read(place))
  return machine
}

export const contentOf = (
  disk: Disk,
  chunkSize?: number,
  paths: ReadonlyArray<string> = disk.files.map((_, index) => `folder/${index}`),
  kind: "file" | "folder" = "folder"
): Content => {
  const entries = disk.files.map(({ length }, index) => ({
    path: paths[index]!,
    size: length,
    executable: index % 2 === 1
  }))
  const leaves = scan(disk, new ChunkLayout(entries, chunkSize)).leaves!
  return whole(Manifest.make(crypto, { id: ID, kind, name: "thing", entries, leaves }))!
}

/** What the receiver keeps between two connections. */
export interface Kept {
  readonly content: Content
  readonly have: ChunkBitmap
}

/**
 * A sender and a receiver with a stream between them that cuts bytes anywhere and breaks where it is told. `portion`
 * says how many bytes of those under way arrive next; `window` bounds them, beyond which a writer is told to wait.
 */
export class Transfer {
  readonly sender: FileSender
  readonly receiver: FileReceiver
  readonly senderEvents: Array<SenderEvent> = []
  readonly receiverEvents: Array<ReceiverEvent> = []
  target: Disk | undefined
  /** All that was written, by side. */
  sent = 0
  answered = 0
  /** The largest number of bytes under way to the receiver. */
  most = 0
  resets: Array<number> = []
  saves = 0
  #reading: Place | undefined
  #saving: Save | undefined
  readonly #toReceiver: Pipe
  readonly #toSender: Pipe

  constructor(
    readonly source: Disk,
    content: Content,
    readonly options: {
      readonly chunkSize?: number
      readonly window?: number
      readonly portion?: () => number
      /** Whether the disk answers now; at once where left out. */
      readonly diskReady?: () => boolean
      /** Bytes after which the connection breaks, both directions counted. */
      readonly breakAt?: number
      readonly known?: Kept
      readonly target?: Disk
      readonly onTurn?: (transfer: Transfer) => void
      readonly onOffered?: (receiver: FileReceiver) => void
    } = {}
  ) {
    this.sender = new FileSender(content, options.chunkSize)
    this.receiver = new FileReceiver(crypto, options.chunkSize)
    this.target = options.target
    const window = options.window ?? 4 * MAX_WRITE
    this.#toReceiver = new Pipe(window)
    this.#toSender = new Pipe(window)
  }

  /** Runs until nothing moves any more; whether the connection broke. */
  run(): boolean {
    for (;;) {
      this.options.onTurn?.(this)
      const moved = [this.#stepSender(), this.#stepReceiver(), this.#stepDisks(), this.#deliver()].some(Boolean)
      if (this.#toReceiver.delivered + this.#toSender.delivered >= (this.options.breakAt ?? Number.POSITIVE_INFINITY))
        return true
      if (!moved) return false
    }
  }

  #stepSender(): boolean {
    for (let event = this.sender.pollEvent(); event !== undefined; event = this.sender.pollEvent())
      this.senderEvents.push(event)
    const action = this.sender.poll(this.#toReceiver.writable)
    switch (action?._tag) {
      case undefined:
        return false
      case "Write":
        this.sent += action.bytes.length
        this.#toReceiver.write(action.bytes)
        this.most = Math.max(this.most, this.#toReceiver.length)
        return true
      case "Read":
        if (this.#reading !== undefined) throw new Error("a read before the last one was answered")
        this.#reading = action
        return true
      case "Turn":
        this.sender.handleTurn()
        return true
      case "Finish":
        this.#toReceiver.end = "end"
        return true
      case "Reset":
        this.resets.push(action.code)
        this.#toReceiver.end = action.code
        return true
    }
  }

  #stepReceiver(): boolean {
    for (let event = this.receiver.pollEvent(); event !== undefined; event = this.receiver.pollEvent()) {
      this.receiverEvents.push(event)
      if (event._tag === "Offered")
        if (this.options.onOffered === undefined) this.receiver.accept(this.options.known)
        else this.options.onOffered(this.receiver)
      if (event._tag === "Contents") this.target = Disk.empty(event.content.entries)
      if (event._tag === "Complete") this.receiver.stored()
    }
    const action = this.receiver.poll(this.#toSender.writable)
    switch (action?._tag) {
      case undefined:
        return false
      case "Write":
        this.answered += action.bytes.length
        this.#toSender.write(action.bytes)
        return true
      case "Save":
        this.saves++
        if (this.#saving !== undefined) throw new Error("a save before the last one was confirmed")
        this.#saving = action
        return true
      case "Turn":
        this.receiver.handleTurn()
        return true
      case "Finish":
        this.#toSender.end = "end"
        return true
      case "Reset":
        this.resets.push(action.code)
        this.#toSender.end = action.code
        return true
    }
  }

  #stepDisks(): boolean {
    const waiting = this.#reading !== undefined || this.#saving !== undefined
    if (this.options.diskReady?.() === false) return waiting
    const reading = this.#reading
    if (reading !== undefined) {
      this.#reading = undefined
      this.sender.handleRead(this.source.read(reading))
    }
    const saving = this.#saving
    if (saving !== undefined) {
      this.#saving = undefined
      this.target!.write(saving.file, saving.offset, saving.bytes)
      this.receiver.handleSaved()
    }
    return waiting
  }

  #deliver(): boolean {
    const portion = () => Math.max(1, this.options.portion?.() ?? 16_384)
    const one = this.receiver.wantsBytes && this.#toReceiver.deliver(portion(), this.receiver)
    const other = this.sender.wantsBytes && this.#toSender.deliver(portion(), this.sender)
    return one || other
  }
}

/** One direction of a stream. */
class Pipe {
  readonly #pieces: Array<Uint8Array> = []
  length = 0
  delivered = 0
  end: "end" | number | undefined

  constructor(private readonly window: number) {}

  get writable(): boolean {
    return this.length < this.window
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > MAX_WRITE) throw new Error("a write that is too large")
    if (!this.writable) throw new Error("a write that was not asked for")
    this.#pieces.push(bytes)
    this.length += bytes.length
  }

  deliver(portion: number, to: Pick<FileReceiver, "handleBytes" | "handleEnd" | "handleReset">): boolean {
    const end = this.end
    const first = this.#pieces[0]
    if (typeof end === "number" || (first === undefined && end === "end")) {
      this.end = undefined
      this.#pieces.length = 0
      if (end === "end") to.handleEnd()
      else to.handleReset(end as number)
      return true
    }
    if (first === undefined) return false
    const part = first.subarray(0, portion)
    if (part.length === first.length) this.#pieces.shift()
    else this.#pieces[0] = first.subarray(part.length)
    this.length -= part.length
    this.delivered += part.length
    to.handleBytes(part)
    return true
  }
}
