import { MESSAGE_ID_BYTES, type MessageId, messageIdBytes, messageIdOf } from "../../domain/MessageId.js"
import { MAX_STORED_BYTES } from "../../domain/Nickname.js"
import { IDENTITY_BYTES, identityKeyOf, type PeerId, peerIdOf } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import type { JournalEntry } from "../peer/Journal.js"

/**
 * An entry of a journal: one of the peer machine, or what a later process needs besides to find the peer again. Each is
 * `type u8 | identity 32 | body`; integers are `varint`:
 *
 * | type | entry | body |
 * |---|---|---|
 * | 1 | Peer | next sequence, length, nickname in UTF-8 |
 * | 2 | Accepted | id 16, sequence, length, text in UTF-8 |
 * | 3 | Delivered | id 16 |
 * | 4 | Dropped | none |
 * | 5 | Shown | number of ids, ids 16 each |
 * | 6 | Accepted, with its time | id 16, sequence, ms since 1970, length, text in UTF-8 |
 */
export type Entry =
  | Exclude<JournalEntry, { readonly _tag: "Shown" }>
  /** The messages of this peer that were shown, oldest first. */
  | { readonly _tag: "Shown"; readonly peer: PeerId; readonly ids: ReadonlyArray<MessageId> }
  /** The last nickname of the peer, and the sequence of the next message to it. */
  | { readonly _tag: "Peer"; readonly peer: PeerId; readonly nick: string; readonly nextSequence: number }

/** The bytes of the entries, one after the other. A nickname must have at most `MAX_STORED_BYTES`. */
export const encode = (entries: ReadonlyArray<Entry>): Uint8Array => {
  let length = 0
  for (const entry of entries) length += sizeOf(entry)
  const target = new Uint8Array(length)
  const writer = new Bytes.Writer(target)
  for (const entry of entries) write(writer, entry)
  return target
}

/** The inverse of `encode`; texts are copies. `undefined` for anything that `encode` does not write. */
export const decode = (bytes: Uint8Array): ReadonlyArray<Entry> | undefined => {
  const reader = new Bytes.Reader(bytes)
  const entries: Array<Entry> = []
  while (reader.remaining > 0) {
    const entry = read(reader)
    if (entry === undefined || reader.failed) return undefined
    entries.push(entry)
  }
  return reader.failed ? undefined : entries
}

/** Bytes that the entry takes. */
export const sizeOf = (entry: Entry): number => {
  switch (entry._tag) {
    case "Peer":
      return HEAD + Bytes.varintLength(entry.nextSequence) + sizeOfBytes(Bytes.fromText(entry.nick))
    case "Accepted":
      return (
        HEAD + MESSAGE_ID_BYTES + sizeOfNumber(entry.sequence) + sizeOfNumber(entry.writtenAt) + sizeOfBytes(entry.text)
      )
    case "Delivered":
      return HEAD + MESSAGE_ID_BYTES
    case "Dropped":
      return HEAD
    case "Shown":
      return HEAD + Bytes.varintLength(entry.ids.length) + entry.ids.length * MESSAGE_ID_BYTES
  }
}

const write = (writer: Bytes.Writer, entry: Entry): void => {
  const timed = entry._tag === "Accepted" && entry.writtenAt !== undefined
  writer.u8(timed ? TIMED : TYPES[entry._tag])
  writer.bytes(identityKeyOf(entry.peer))
  switch (entry._tag) {
    case "Peer":
      writer.varint(entry.nextSequence)
      writeBytes(writer, Bytes.fromText(entry.nick))
      return
    case "Accepted":
      writer.bytes(messageIdBytes(entry.id))
      writer.varint(entry.sequence)
      if (entry.writtenAt !== undefined) writer.varint(entry.writtenAt)
      writeBytes(writer, entry.text)
      return
    case "Delivered":
      writer.bytes(messageIdBytes(entry.id))
      return
    case "Dropped":
      return
    case "Shown":
      writer.varint(entry.ids.length)
      for (const id of entry.ids) writer.bytes(messageIdBytes(id))
  }
}

const read = (reader: Bytes.Reader): Entry | undefined => {
  const type = reader.u8()
  const peer = peerIdOf(reader.bytes(IDENTITY_BYTES))
  switch (type) {
    case TYPES.Peer: {
      const nextSequence = reader.varint()
      const nick = Bytes.toText(readBytes(reader, MAX_STORED_BYTES))
      return nick === undefined ? undefined : { _tag: "Peer", peer, nick, nextSequence }
    }
    case TYPES.Accepted:
    case TIMED: {
      const id = readId(reader)
      const sequence = reader.varint()
      const written = type === TIMED ? { writtenAt: reader.varint() } : {}
      const text = Bytes.copy(readBytes(reader, MAX_MESSAGE))
      return text.length === 0 ? undefined : { _tag: "Accepted", peer, id, sequence, ...written, text }
    }
    case TYPES.Delivered:
      return { _tag: "Delivered", peer, id: readId(reader) }
    case TYPES.Dropped:
      return { _tag: "Dropped", peer }
    case TYPES.Shown: {
      const count = reader.varint()
      if (count * MESSAGE_ID_BYTES > reader.remaining) return undefined
      return { _tag: "Shown", peer, ids: Array.from({ length: count }, () => readId(reader)) }
    }
    default:
      return undefined
  }
}

const readId = (reader: Bytes.Reader): MessageId => messageIdOf(reader.bytes(MESSAGE_ID_BYTES))

const sizeOfNumber = (value: number | undefined): number => (value === undefined ? 0 : Bytes.varintLength(value))

const sizeOfBytes = (bytes: Uint8Array): number => Bytes.varintLength(bytes.length) + bytes.length

const writeBytes = (writer: Bytes.Writer, bytes: Uint8Array): void => {
  writer.varint(bytes.length)
  writer.bytes(bytes)
}

/** A byte string of more than `most` bytes fails the reader. */
const readBytes = (reader: Bytes.Reader, most: number): Uint8Array => {
  const length = reader.varint()
  return reader.bytes(length <= most ? length : Number.POSITIVE_INFINITY)
}

const TYPES = { Peer: 1, Accepted: 2, Delivered: 3, Dropped: 4, Shown: 5 } as const
/** `Accepted` with the time at which it was. */
const TIMED = 6
/** Type and identity. */
const HEAD = 1 + IDENTITY_BYTES
