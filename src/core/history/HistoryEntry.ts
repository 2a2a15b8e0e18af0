import { MESSAGE_ID_BYTES, type MessageId, messageIdBytes, messageIdOf } from "../../domain/MessageId.js"
import { MAX_STORED_BYTES } from "../../domain/Nickname.js"
import * as Bytes from "../../protocol/Bytes.js"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"

/**
 * An entry of the history of one conversation, which has them in the order in which they happened. Each entry is `type
 * u8 | id 16 | body`; integers are `varint`:
 *
 * | type | entry | body |
 * |---|---|---|
 * | 1 | Sent | time, length, nickname in UTF-8, length, text in UTF-8 |
 * | 2 | Received | the same |
 * | 3 | Delivered | none |
 * | 4 | Read | none |
 * | 5 | Received, with its time | time, time it was written, length, nickname in UTF-8, length, text in UTF-8 |
 * | 6 | Sent in a group | as Sent, length, what the group is called in UTF-8 |
 * | 7 | Received in a group | as Received with its time (0 where that is unknown), length, what the group is called |
 */
export type HistoryEntry =
  /**
   * We have said this. `nick` is the peer's nickname at that time; `at` is ms since 1970 UTC by our clock, which may
   * have been wrong.
   */
  | ({ readonly _tag: "Sent" } & Said)
  /** This was shown to us. */
  | ({
      readonly _tag: "Received"
      /** When the peer wrote it, in ms since 1970 UTC, if that is known. */
      readonly writtenAt?: number
    } & Said)
  /** The other application has shown what we said. */
  | { readonly _tag: "Delivered"; readonly id: MessageId }
  /** The other person has read what we said, and all before it. */
  | { readonly _tag: "Read"; readonly id: MessageId }

interface Said {
  readonly id: MessageId
  readonly at: number
  readonly nick: string
  readonly text: string
  /** What we called the group that it was said in, if in one. */
  readonly group?: string
}

/**
 * One entry; entries that are encoded one after the other are decoded together. The text must be no longer than a
 * message may be.
 */
export const encode = (entry: HistoryEntry): Uint8Array => {
  const id = messageIdBytes(entry.id)
  if (entry._tag === "Delivered" || entry._tag === "Read") return Bytes.concat([Uint8Array.of(TYPES[entry._tag]), id])
  const nick = Bytes.fromText(entry.nick)
  const text = Bytes.fromText(entry.text)
  const at = Math.max(0, Math.floor(entry.at))
  const times = [at]
  if (entry._tag === "Received" && (entry.writtenAt !== undefined || entry.group !== undefined))
    times.push(entry.writtenAt ?? 0)
  const sizeOfTimes = times.reduce((sum, time) => sum + Bytes.varintLength(time), 0)
  const parts = [nick, text, ...(entry.group === undefined ? [] : [Bytes.fromText(entry.group)])]
  const target = new Uint8Array(parts.reduce((sum, part) => sum + sizeOf(part), HEAD + sizeOfTimes))
  const writer = new Bytes.Writer(target)
  writer.u8(typeOf(entry, times.length > 1))
  writer.bytes(id)
  for (const time of times) writer.varint(time)
  for (const part of parts) {
    writer.varint(part.length)
    writer.bytes(part)
  }
  return target
}

/** All entries in `bytes`; `undefined` for anything that `encode` does not write. */
export const decode = (bytes: Uint8Array): ReadonlyArray<HistoryEntry> | undefined => {
  const reader = new Bytes.Reader(bytes)
  const entries: Array<HistoryEntry> = []
  while (reader.remaining > 0) {
    const entry = read(reader)
    if (entry === undefined || reader.failed) return undefined
    entries.push(entry)
  }
  return reader.failed ? undefined : entries
}

const read = (reader: Bytes.Reader): HistoryEntry | undefined => {
  const type = reader.u8()
  const id = messageIdOf(reader.bytes(MESSAGE_ID_BYTES))
  switch (type) {
    case TYPES.Sent:
    case TYPES.Received:
    case TIMED:
    case GROUPED.Sent:
    case GROUPED.Received: {
      const at = reader.varint()
      const writtenAt = type === TIMED || type === GROUPED.Received ? reader.varint() : undefined
      const nick = readText(reader, MAX_STORED_BYTES)
      const text = readText(reader, MAX_MESSAGE)
      const isGrouped = type === GROUPED.Sent || type === GROUPED.Received
      const group = isGrouped ? readText(reader, MAX_STORED_BYTES) : undefined
      if (nick === undefined || text === undefined || (isGrouped && group === undefined)) return undefined
      const said = { id, at, nick, text, ...(group === undefined ? {} : { group }) }
      if (type === TYPES.Sent || type === GROUPED.Sent) return { _tag: "Sent", ...said }
      const isKnown = writtenAt !== undefined && (type === TIMED || writtenAt > 0)
      return { _tag: "Received", ...said, ...(isKnown ? { writtenAt } : {}) }
    }
    case TYPES.Delivered:
      return { _tag: "Delivered", id }
    case TYPES.Read:
      return { _tag: "Read", id }
    default:
      return undefined
  }
}

const typeOf = (entry: HistoryEntry & { readonly _tag: "Sent" | "Received" }, isTimed: boolean): number => {
  if (entry.group !== undefined) return GROUPED[entry._tag]
  return isTimed ? TIMED : TYPES[entry._tag]
}

/** A text of more than `most` bytes fails the reader. */
const readText = (reader: Bytes.Reader, most: number): string | undefined => {
  const length = reader.varint()
  return Bytes.toText(reader.bytes(length <= most ? length : Number.POSITIVE_INFINITY))
}

const sizeOf = (bytes: Uint8Array): number => Bytes.varintLength(bytes.length) + bytes.length

const TYPES = { Sent: 1, Received: 2, Delivered: 3, Read: 4 } as const
/** `Received` with the time at which it was written. */
const TIMED = 5
/** In a group. */
const GROUPED = { Sent: 6, Received: 7 } as const
/** Type and id. */
const HEAD = 1 + MESSAGE_ID_BYTES
