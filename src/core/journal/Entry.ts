import { MESSAGE_ID_BYTES, type MessageId } from "../../domain/MessageId.js"
import { MAX_STORED_BYTES } from "../../domain/Nickname.js"
import { IDENTITY_BYTES, identityKeyOf, type PeerId, peerIdOf } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import { decode as decodeGroup, MAX_GROUP_RECORD } from "../../protocol/GroupRecord.js"
import type { JournalEntry, PastMessage } from "../peer/Journal.js"

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
 * | 7 | Accepted, for a group | id 16, sequence, ms since 1970 or 0, length, body of GROUP, length, text in UTF-8 |
 */
export type Entry =
  | Exclude<JournalEntry, { readonly _tag: "Shown" }>
  /** The messages of this peer that were shown, oldest first. */
  | { readonly _tag: "Shown"; readonly peer: PeerId; readonly ids: ReadonlyArray<MessageId> }
  /** The last nickname of the peer, and the sequence of the next message to it. */
  | { readonly _tag: "Peer"; readonly peer: PeerId; readonly nick: string; readonly nextSequence: number }

/**
 * The bytes of the entries, one after the other; `length` is the sum of their sizes, where that is known. A nickname
 * must have at most `MAX_STORED_BYTES`.
 */
export const encode = (entries: ReadonlyArray<Entry>, length = sizeOfAll(entries)): Uint8Array => {
  const target = new Uint8Array(length)
  encodeInto(entries, target, 0)
  return target
}

/** `encode` into `target` from `start` on, where there is room for it. */
export const encodeInto = (entries: ReadonlyArray<Entry>, target: Uint8Array, start: number): void => {
  const writer = new Bytes.Writer(target, start)
  for (const entry of entries) write(writer, entry)
}

const sizeOfAll = (entries: ReadonlyArray<Entry>): number => {
  let length = 0
  for (const entry of entries) length += sizeOf(entry)
  return length
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
      return HEAD + MESSAGE_ID_BYTES + sizeOfNumber(entry.sequence) + sizeOfRemarks(entry) + sizeOfBytes(entry.text)
    case "Delivered":
      return HEAD + MESSAGE_ID_BYTES
    case "Dropped":
      return HEAD
    case "Shown":
      return HEAD + Bytes.varintLength(entry.ids.length) + entry.ids.length * MESSAGE_ID_BYTES
  }
}

const write = (writer: Bytes.Writer, entry: Entry): void => {
  writer.u8(typeOf(entry))
  writer.bytes(keyOf(entry.peer))
  switch (entry._tag) {
    case "Peer":
      writer.varint(entry.nextSequence)
      writeBytes(writer, Bytes.fromText(entry.nick))
      return
    case "Accepted":
      writer.hex(entry.id)
      writer.varint(entry.sequence)
      if (entry.writtenAt !== undefined || entry.group !== undefined) writer.varint(entry.writtenAt ?? 0)
      if (entry.group !== undefined) writeBytes(writer, entry.group)
      writeBytes(writer, entry.text)
      return
    case "Delivered":
      writer.hex(entry.id)
      return
    case "Dropped":
      return
    case "Shown":
      writer.varint(entry.ids.length)
      for (const id of entry.ids) writer.hex(id)
  }
}

/** What is written together is mostly about one peer. */
const keyOf = (peer: PeerId): Uint8Array => {
  if (lastKey?.peer !== peer) lastKey = { peer, key: identityKeyOf(peer) }
  return lastKey.key
}

let lastKey: { readonly peer: PeerId; readonly key: Uint8Array } | undefined

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
    case TIMED:
    case GROUPED: {
      const id = readId(reader)
      const sequence = reader.varint()
      const remarks = type === TYPES.Accepted ? {} : readRemarks(reader, type === GROUPED)
      const text = Bytes.copy(readBytes(reader, MAX_MESSAGE))
      if (text.length === 0 || remarks === undefined) return undefined
      return { _tag: "Accepted", peer, id, sequence, ...remarks, text }
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

/** When a message was written, and for whom; `undefined` for a group that makes no sense. */
const readRemarks = (reader: Bytes.Reader, grouped: boolean): Pick<PastMessage, "writtenAt" | "group"> | undefined => {
  const writtenAt = reader.varint()
  if (!grouped) return { writtenAt }
  const group = Bytes.copy(readBytes(reader, MAX_GROUP_RECORD))
  if (decodeGroup(group) === undefined) return undefined
  return writtenAt === 0 ? { group } : { writtenAt, group }
}

const typeOf = (entry: Entry): number => {
  if (entry._tag !== "Accepted") return TYPES[entry._tag]
  return entry.group !== undefined ? GROUPED : entry.writtenAt !== undefined ? TIMED : TYPES.Accepted
}

const sizeOfRemarks = ({ group, writtenAt }: PastMessage): number =>
  group === undefined ? sizeOfNumber(writtenAt) : Bytes.varintLength(writtenAt ?? 0) + sizeOfBytes(group)

const readId = (reader: Bytes.Reader): MessageId => reader.hex(MESSAGE_ID_BYTES) as MessageId

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
/** `Accepted` for a group. */
const GROUPED = 7
/** Type and identity. */
const HEAD = 1 + IDENTITY_BYTES
