import type { HandshakeResult } from "../../../src/core/peer/handshake/Handshake.js"
import { Epoch } from "../../../src/core/peer/keys/Epoch.js"
import { TAG_BYTES } from "../../../src/domain/Crypto.js"
import { type MessageId, messageIdOf } from "../../../src/domain/MessageId.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as ChatRecord from "../../../src/protocol/ChatRecord.js"
import * as DataPacket from "../../../src/protocol/DataPacket.js"
import * as Frame from "../../../src/protocol/Frame.js"
import { waits } from "../Check.js"
import { Inbox } from "../Inbox.js"
import { Transfer } from "./Transfer.js"

export interface Arrived {
  readonly frames: ReadonlyArray<Frame.Frame>
  readonly counter: number
  /** Bytes of the packet. */
  readonly size: number
  readonly at: number
}

/** One connection of a foreign peer: packets by hand, answers to PING and acknowledgements by themselves. */
export class Link {
  readonly inbox = new Inbox<Arrived>("packet of the client")
  readonly records: Inbox<ChatRecord.ChatRecord>
  readonly localIndex: number
  /** Whether what comes is acknowledged, and PINGs answered. */
  answers = true
  readonly #epoch: Epoch
  readonly #transmit: (packet: Uint8Array) => void
  readonly #transfers = new Map<number, Transfer>()
  /** What runs on when the keys change. */
  readonly #shared: Shared

  /** `before` is the link of the same connection whose keys these take the place of. */
  constructor(result: HandshakeResult, localIndex: number, transmit: (packet: Uint8Array) => void, before?: Link) {
    this.localIndex = localIndex
    this.#transmit = transmit
    this.records = before?.records ?? new Inbox("record of the client")
    this.#shared =
      before === undefined
        ? {
            reader: new ChatRecord.RecordReader(),
            early: new Map(),
            seen: new Set(),
            read: 0,
            counter: 0,
            offset: 0
          }
        : before.#shared
    this.#epoch = new Epoch(crypto, localIndex, result.remoteIndex, result.sendKey, result.receiveKey, 0, true)
  }

  /** Sends these frames in one packet, and gives it. */
  send(...frames: ReadonlyArray<Frame.Frame>): Uint8Array {
    const writer = new Bytes.Writer(new Uint8Array(DataPacket.MAX_DATAGRAM - DataPacket.OVERHEAD))
    for (const frame of frames) Frame.write(writer, frame)
    return this.sendPlain(writer.finish()!)
  }

  /** Sends what need not be frames. */
  sendPlain(plain: Uint8Array): Uint8Array {
    const packet = new Uint8Array(DataPacket.HEADER_BYTES + plain.length + TAG_BYTES)
    packet.set(plain, DataPacket.HEADER_BYTES)
    this.#epoch.seal(this.#shared.counter++, packet)
    this.#transmit(packet)
    return packet
  }

  /** Sends bytes of stream 0, from where the last ones ended. */
  sendRecord(record: Uint8Array): void {
    for (let at = 0; at < record.length; at += PIECE) {
      const data = record.subarray(at, at + PIECE)
      this.send({ _tag: "Stream", stream: 0, offset: this.#shared.offset, data })
      this.#shared.offset += data.length
    }
  }

  sendText(id: Uint8Array, text: string | Uint8Array, sequence = 0): MessageId {
    const bytes = typeof text === "string" ? Bytes.fromText(text) : text
    const name = messageIdOf(id)
    this.sendRecord(recordOf((writer) => ChatRecord.writeText(writer, name, sequence, bytes), bytes.length + 64))
    return name
  }

  sendMark(mark: "delivered" | "read", id: MessageId): void {
    const write = mark === "delivered" ? ChatRecord.writeDelivered : ChatRecord.writeRead
    this.sendRecord(recordOf((writer) => write(writer, id)))
  }

  /** What goes over a stream from 1 on. */
  transfer(stream: number): Transfer {
    const transfer = this.#transfers.get(stream) ?? new Transfer(this, stream)
    this.#transfers.set(stream, transfer)
    return transfer
  }

  /** The next packet with a frame of this kind. */
  async next<Tag extends Frame.Frame["_tag"]>(
    tag: Tag,
    ms = waits.patience
  ): Promise<Frame.Frame & { readonly _tag: Tag }> {
    const { frames } = await this.inbox.take((one) => one.frames.some(({ _tag }) => _tag === tag), `frame ${tag}`, ms)
    return frames.find((frame): frame is Frame.Frame & { readonly _tag: Tag } => frame._tag === tag)!
  }

  /** Takes a packet for this link; `false` when it is not authentic. */
  handle(packet: Uint8Array): boolean {
    const header = DataPacket.readHeader(packet)
    const copy = Bytes.copy(packet)
    const plain = header && this.#epoch.open(header.counter, copy)
    if (header === undefined || plain === undefined) return false
    const frames = Frame.decode(plain) ?? []
    const isNew = !this.#shared.seen.has(header.counter)
    this.#shared.seen.add(header.counter)
    this.inbox.put({ frames, counter: header.counter, size: packet.length, at: performance.now() })
    if (!isNew) return true
    for (const frame of frames) {
      if (frame._tag === "Stream" && frame.stream === 0) this.#take(frame.offset, frame.data)
      else if (frame._tag === "Stream") this.transfer(frame.stream).take(frame.offset, frame.data)
      else if (frame._tag === "Reset") this.transfer(frame.stream).resets.put(frame.code)
    }
    if (this.answers) this.#answer(frames)
    return true
  }

  #take(offset: number, data: Uint8Array): void {
    this.#shared.early.set(offset, data.slice())
    for (let moved = true; moved; ) {
      moved = false
      for (const [at, bytes] of this.#shared.early) {
        if (at > this.#shared.read) continue
        this.#shared.early.delete(at)
        moved = true
        if (at + bytes.length <= this.#shared.read) continue
        this.#shared.reader.push(bytes.subarray(this.#shared.read - at), (record) => {
          this.records.put(record._tag === "Text" ? { ...record, text: record.text.slice() } : record)
          return true
        })
        this.#shared.read = at + bytes.length
      }
    }
  }

  #answer(frames: ReadonlyArray<Frame.Frame>): void {
    const pongs = frames.flatMap(
      (frame): ReadonlyArray<Frame.Frame> =>
        frame._tag === "Ping" ? [{ _tag: "Pong", token: frame.token.slice(), observed: undefined }] : []
    )
    const elicits = frames.some(({ _tag }) => !QUIET.has(_tag))
    if (elicits) this.send(this.#acknowledgement(), ...pongs)
    else if (pongs.length > 0) this.send(...pongs)
  }

  #acknowledgement(): Frame.Frame {
    const numbers = [...this.#shared.seen].sort((a, b) => b - a)
    const ranges: Array<{ start: number; end: number }> = []
    for (const number of numbers) {
      const last = ranges.at(-1)
      if (last !== undefined && last.start === number + 1) last.start = number
      else ranges.push({ start: number, end: number + 1 })
    }
    return { _tag: "Ack", delay: 0, ranges: ranges.slice(0, Frame.MAX_ACK_RANGES) }
  }
}

interface Shared {
  readonly reader: ChatRecord.RecordReader
  readonly early: Map<number, Uint8Array>
  /** Counters of what came. */
  readonly seen: Set<number>
  /** Bytes of stream 0: that were read, and sent. */
  read: number
  offset: number
  counter: number
}

export const recordOf = (write: (writer: Bytes.Writer) => void, room = 256): Uint8Array => {
  const writer = new Bytes.Writer(new Uint8Array(room))
  write(writer)
  return writer.finish()!
}

const QUIET: ReadonlySet<string> = new Set(["Ping", "Pong", "Ack", "Bye"])
/** Bytes of a stream in a packet. */
const PIECE = 1_000
