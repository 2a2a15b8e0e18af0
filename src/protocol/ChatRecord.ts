import { MESSAGE_ID_BYTES, type MessageId } from "../domain/MessageId.js"
import * as Bytes from "./Bytes.js"
import { Reader, varintLength, type Writer } from "./Bytes.js"
import { decode as decodeGroup, type GroupRecord } from "./GroupRecord.js"

/**
 * What stream 0 carries: a sequence of records, each `length varint | type u8 | body` (docs/protocol.md §3). `length`
 * counts the type and the body. A receiver skips types it does not know, so that new ones need no negotiation.
 */
export type ChatRecord =
  | { readonly _tag: "Text"; readonly id: MessageId; readonly sequence: number; readonly text: Uint8Array }
  /** The application has shown the message with this id. */
  | { readonly _tag: "Delivered"; readonly id: MessageId }
  /** A person has read the message with this id, and all before it. */
  | { readonly _tag: "Read"; readonly id: MessageId }
  /** When the next text was written: ms since 1970 UTC by the clock of its writer, or 0 where that is unknown. */
  | { readonly _tag: "Written"; readonly at: number }
  /**
   * How many messages on this connection, of how many bytes of text together, the receiver had already: they have used
   * no credit.
   */
  | { readonly _tag: "Known"; readonly messages: number; readonly bytes: number }
  /** To whom the next text was said; `undefined` where that makes no sense, so that the text is its sender's alone. */
  | { readonly _tag: "Group"; readonly group: GroupRecord | undefined }
  /** The sender of the record is away, for that reason if it names one; `undefined`: is there. */
  | { readonly _tag: "Away"; readonly text: string | undefined }
  /** What the sender's network is in IPv4 and in IPv6, as numbers of `core/nat/Networks`. */
  | { readonly _tag: "Network"; readonly ipv4: number; readonly ipv6: number }
  /** A type that this version does not know. */
  | { readonly _tag: "Unknown"; readonly type: number }

/**
 * Bytes of UTF-8 in one message. Users are promised so many; it is eight times the size that still reads well in a
 * terminal.
 */
export const MAX_MESSAGE = 64 * 1024
/** Bytes of UTF-8 in what somebody says about being away: a row or two of most screens. */
export const MAX_AWAY = 256
/** The greatest `length` of a record: that of the longest text with its type, its id and its sequence. */
export const MAX_RECORD = MAX_MESSAGE + 1 + MESSAGE_ID_BYTES + 8
/** Bytes of a record that has nothing but an id. */
export const MARK_SIZE = 1 + 1 + MESSAGE_ID_BYTES

const Type = { text: 1, delivered: 2, read: 3, written: 4, known: 5, group: 6, away: 7, network: 8 } as const

/** Bytes of the record of a text with `length` bytes. */
export const textSize = (sequence: number, length: number): number => {
  const content = 1 + MESSAGE_ID_BYTES + varintLength(sequence) + length
  return varintLength(content) + content
}

export const writeText = (writer: Writer, id: MessageId, sequence: number, text: Uint8Array): void => {
  writer.varint(1 + MESSAGE_ID_BYTES + varintLength(sequence) + text.length)
  writer.u8(Type.text)
  writer.hex(id)
  writer.varint(sequence)
  writer.bytes(text)
}

export const writeDelivered = (writer: Writer, id: MessageId): void => writeMark(writer, Type.delivered, id)

export const writeRead = (writer: Writer, id: MessageId): void => writeMark(writer, Type.read, id)

/** Bytes of the record of a time. */
export const writtenSize = (at: number): number => 2 + varintLength(at)

/** Stands before the text that it is about. */
export const writeWritten = (writer: Writer, at: number): void => {
  writer.varint(1 + varintLength(at))
  writer.u8(Type.written)
  writer.varint(at)
}

/** Bytes that `writeGroup` takes. */
export const groupSize = (body: Uint8Array): number => varintLength(1 + body.length) + 1 + body.length

/** Stands before the text that it is about; `body` is what `GroupRecord.encode` made. */
export const writeGroup = (writer: Writer, body: Uint8Array): void => {
  writer.varint(1 + body.length)
  writer.u8(Type.group)
  writer.bytes(body)
}

export const writeKnown = (writer: Writer, messages: number, bytes: number): void => {
  writer.varint(1 + varintLength(messages) + varintLength(bytes))
  writer.u8(Type.known)
  writer.varint(messages)
  writer.varint(bytes)
}

/** Bytes that `writeKnown` takes. */
export const knownSize = (messages: number, bytes: number): number => 2 + varintLength(messages) + varintLength(bytes)

/** Bytes of the record of an absence; `text` are at most `MAX_AWAY` bytes. */
export const awaySize = (text: Uint8Array | undefined): number => {
  const content = 2 + (text?.length ?? 0)
  return varintLength(content) + content
}

export const writeAway = (writer: Writer, text: Uint8Array | undefined): void => {
  writer.varint(2 + (text?.length ?? 0))
  writer.u8(Type.away)
  writer.u8(text === undefined ? 0 : 1)
  if (text !== undefined) writer.bytes(text)
}

/** Bytes that `writeNetwork` takes. */
export const NETWORK_SIZE = 4

export const writeNetwork = (writer: Writer, ipv4: number, ipv6: number): void => {
  writer.varint(3)
  writer.u8(Type.network)
  writer.u8(ipv4)
  writer.u8(ipv6)
}

const writeMark = (writer: Writer, type: number, id: MessageId): void => {
  writer.varint(1 + MESSAGE_ID_BYTES)
  writer.u8(type)
  writer.hex(id)
}

/**
 * One record from its type and body, `bytes` from `start` to before `end`; the bytes in it are views. `undefined` when
 * it is malformed.
 */
export const decode = (bytes: Uint8Array, start = 0, end = bytes.length): ChatRecord | undefined => {
  const reader = new Reader(bytes, start, end)
  const type = reader.u8()
  if (reader.failed) return undefined
  switch (type) {
    case Type.text: {
      const id = readId(reader)
      const sequence = reader.varint()
      const text = reader.rest()
      if (reader.failed || text.length === 0 || text.length > MAX_MESSAGE) return undefined
      return { _tag: "Text", id, sequence, text }
    }
    case Type.delivered: {
      const id = readId(reader)
      return reader.done ? { _tag: "Delivered", id } : undefined
    }
    case Type.read: {
      const id = readId(reader)
      return reader.done ? { _tag: "Read", id } : undefined
    }
    case Type.written: {
      // Only a remark on the text: one that makes no sense says nothing, and breaks nothing.
      return { _tag: "Written", at: reader.varint() }
    }
    case Type.group:
      // Only a remark, as well.
      return { _tag: "Group", group: decodeGroup(reader.rest()) }
    case Type.away: {
      // Only a remark, too: one that makes no sense names no reason.
      const isAway = reader.u8() !== 0
      const text = reader.rest()
      return { _tag: "Away", text: isAway ? (text.length > MAX_AWAY ? "" : (Bytes.toText(text) ?? "")) : undefined }
    }
    case Type.network:
      // A remark as well: what is missing is 0, which is not known.
      return { _tag: "Network", ipv4: reader.u8(), ipv6: reader.u8() }
    case Type.known: {
      const messages = reader.varint()
      const bytes = reader.varint()
      return reader.done ? { _tag: "Known", messages, bytes } : undefined
    }
    default:
      return { _tag: "Unknown", type }
  }
}

const readId = (reader: Reader): MessageId => reader.hex(MESSAGE_ID_BYTES) as MessageId

/**
 * Cuts the bytes of stream 0, which may come in any portions, into records. It holds at most one unfinished record, so
 * its memory is bounded by `MAX_RECORD`, and less than that until the bytes have really come.
 */
export class RecordReader {
  /** The length prefix of the unfinished record: at most 8 bytes. */
  readonly #prefix: Array<number> = []
  /** Type and body of the unfinished record, once its length is known. */
  #content: Uint8Array | undefined
  #expected = 0
  #filled = 0

  /**
   * Takes `bytes` and hands each record that they complete to `accept`, with the bytes of stream that it took. `false`
   * when the stream is malformed, or `accept` refused a record; no more may be pushed then. The record's bytes are
   * valid only during the call.
   */
  push(bytes: Uint8Array, accept: (record: ChatRecord, size: number) => boolean): boolean {
    let at = 0
    while (at < bytes.length) {
      if (this.#content === undefined) {
        const end = this.#prefix.length === 0 ? endOfRecord(bytes, at) : -1
        if (end >= 0) {
          const record = decode(bytes, at + prefixLength(bytes[at]!), end)
          if (record === undefined || !accept(record, end - at)) return false
          at = end
          continue
        }
        this.#prefix.push(bytes[at++]!)
        if (!this.#begin()) return false
        continue
      }
      const take = Math.min(bytes.length - at, this.#expected - this.#filled)
      this.#reserve(this.#filled + take).set(bytes.subarray(at, at + take), this.#filled)
      this.#filled += take
      at += take
      if (this.#filled < this.#expected) continue
      const record = decode(this.#content.subarray(0, this.#expected))
      const size = this.#prefix.length + this.#expected
      this.#content = undefined
      this.#prefix.length = 0
      if (record === undefined || !accept(record, size)) return false
    }
    return true
  }

  /** Begins the content of the record when its length prefix is complete. */
  #begin(): boolean {
    if (this.#prefix.length < prefixLength(this.#prefix[0]!)) return true
    const length = new Reader(Uint8Array.from(this.#prefix)).varint()
    if (length < 1 || length > MAX_RECORD) return false
    this.#expected = length
    this.#filled = 0
    this.#content = new Uint8Array(Math.min(length, FIRST_RESERVE))
    return true
  }

  /** Memory grows by doubling, so that a peer that only announces a large record makes us reserve little. */
  #reserve(size: number): Uint8Array {
    const content = this.#content!
    if (size <= content.length) return content
    const larger = new Uint8Array(Math.min(this.#expected, Math.max(size, 2 * content.length)))
    larger.set(content.subarray(0, this.#filled))
    this.#content = larger
    return larger
  }
}

/** Where the record at `at` ends when all of it is there; -1 when it is not whole yet, or is malformed. */
const endOfRecord = (bytes: Uint8Array, at: number): number => {
  const reader = new Reader(bytes, at)
  const length = reader.varint()
  if (reader.failed || length < 1 || length > MAX_RECORD || length > reader.remaining) return -1
  return reader.offset + length
}

/** Bytes of the varint that begins with `first`. */
const prefixLength = (first: number): number => 1 << (first >> 6)

/** Bytes reserved before any content has come: holds a usual chat line. */
const FIRST_RESERVE = 512
