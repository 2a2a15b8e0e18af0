import { fromText, Reader, toText, Writer } from "./Bytes.js"

/**
 * Records of a file transfer, on a stream from 1 on (docs/protocol.md §3.8): `length varint | type u8 | body`, where
 * `length` counts type and body. CHUNK is followed by the bytes of the chunk, whose number both sides know.
 *
 * A type that is not known here is `Unknown`, and skipped: a newer peer may send it.
 */
export type FileRecord =
  | OfferRecord
  /** An offer whose body this version cannot read. */
  | { readonly _tag: "OfferUnknown" }
  /** The next piece of manifest and leaves. */
  | { readonly _tag: "Contents"; readonly last: boolean; readonly bytes: Uint8Array }
  /** The bytes of this chunk follow. */
  | { readonly _tag: "Chunk"; readonly index: number }
  /**
   * `have` is a bit a chunk, the first one in the lowest bit of the first byte; zero bytes at the end may be missing.
   */
  | { readonly _tag: "Accept"; readonly contents: boolean; readonly have: Uint8Array }
  | { readonly _tag: "Decline"; readonly reason: number }
  /** How many of the chunks that came over this stream are verified and saved. */
  | { readonly _tag: "Saved"; readonly chunks: number }
  | { readonly _tag: "Done" }
  | { readonly _tag: "Pause"; readonly paused: boolean }
  /** Is the transfer with this id still one of yours? The answer is the code of the RESET of this stream. */
  | { readonly _tag: "Ask"; readonly id: Uint8Array }
  /** The transfer with this id is over, whoever offered it; `code` is a `ResetCode`. */
  | { readonly _tag: "End"; readonly id: Uint8Array; readonly code: number }
  | { readonly _tag: "Unknown" }

export interface OfferRecord {
  readonly _tag: "Offer"
  /** 16 random bytes. */
  readonly id: Uint8Array
  readonly folder: boolean
  readonly size: number
  readonly files: number
  /** 1 and 2 differ in the manifest; what stands here after `files` is 0 in version 1. */
  readonly version: 1 | 2
  readonly folders: number
  readonly executables: number
  readonly risks: number
  /** 32 bytes. */
  readonly root: Uint8Array
  /** 1 to `MAX_NAME` bytes of UTF-8. */
  readonly name: string
}

export type EncodableRecord = Exclude<FileRecord, { readonly _tag: "Unknown" | "OfferUnknown" }>

/** The record in fresh bytes; `undefined` when a field is out of its range. */
export const encode = (record: EncodableRecord): Uint8Array | undefined => {
  switch (record._tag) {
    case "Offer": {
      const name = fromText(record.name)
      if (record.id.length !== ID_BYTES || record.root.length !== 32 || !isName(name)) return undefined
      return build(OFFER, OFFER_FIXED + name.length, (writer) => {
        writer.varint(record.version)
        writer.bytes(record.id)
        writer.u8(record.folder ? 1 : 0)
        writer.varint(record.size)
        writer.varint(record.files)
        if (record.version === 2) {
          writer.varint(record.folders)
          writer.varint(record.executables)
          writer.varint(record.risks)
        }
        writer.bytes(record.root)
        if (record.version === 2) writer.varint(name.length)
        writer.bytes(name)
      })
    }
    case "Contents":
      return build(CONTENTS, 1 + record.bytes.length, (writer) => {
        writer.u8(record.last ? 1 : 0)
        writer.bytes(record.bytes)
      })
    case "Chunk":
      return build(CHUNK, 8, (writer) => writer.varint(record.index))
    case "Accept":
      return build(ACCEPT, 1 + record.have.length, (writer) => {
        writer.u8(record.contents ? 1 : 0)
        writer.bytes(record.have)
      })
    case "Decline":
      return build(DECLINE, 8, (writer) => writer.varint(record.reason))
    case "Saved":
      return build(SAVED, 8, (writer) => writer.varint(record.chunks))
    case "Done":
      return build(DONE, 0, () => {})
    case "Pause":
      return build(PAUSE, 1, (writer) => writer.u8(record.paused ? 1 : 0))
    case "Ask":
      return record.id.length === ID_BYTES ? build(ASK, ID_BYTES, (writer) => writer.bytes(record.id)) : undefined
    case "End":
      if (record.id.length !== ID_BYTES) return undefined
      return build(END, ID_BYTES + 8, (writer) => {
        writer.bytes(record.id)
        writer.varint(record.code)
      })
  }
}

/** Decodes type and body of one record, without its length; `undefined` when it is malformed. Byte fields are views. */
export const decode = (content: Uint8Array): FileRecord | undefined => {
  const reader = new Reader(content)
  const type = reader.u8()
  const record = read(type, reader)
  return reader.done ? record : undefined
}

const read = (type: number, reader: Reader): FileRecord | undefined => {
  switch (type) {
    case OFFER:
      return readOffer(reader)
    case CONTENTS: {
      const last = readBoolean(reader)
      return last === undefined ? undefined : { _tag: "Contents", last, bytes: reader.rest() }
    }
    case CHUNK:
      return { _tag: "Chunk", index: reader.varint() }
    case ACCEPT: {
      const contents = readBoolean(reader)
      return contents === undefined ? undefined : { _tag: "Accept", contents, have: reader.rest() }
    }
    case DECLINE:
      return { _tag: "Decline", reason: reader.varint() }
    case SAVED:
      return { _tag: "Saved", chunks: reader.varint() }
    case DONE:
      return { _tag: "Done" }
    case PAUSE: {
      const paused = readBoolean(reader)
      return paused === undefined ? undefined : { _tag: "Pause", paused }
    }
    case ASK:
      return { _tag: "Ask", id: reader.bytes(ID_BYTES) }
    case END:
      return { _tag: "End", id: reader.bytes(ID_BYTES), code: reader.varint() }
    default:
      reader.rest()
      return { _tag: "Unknown" }
  }
}

const readOffer = (reader: Reader): FileRecord | undefined => {
  const version = reader.varint()
  if (version !== 1 && version !== 2) {
    reader.rest()
    return { _tag: "OfferUnknown" }
  }
  const id = reader.bytes(ID_BYTES)
  const folder = readBoolean(reader)
  const size = reader.varint()
  const files = reader.varint()
  const [folders, executables, risks] = version === 1 ? [0, 0, 0] : [reader.varint(), reader.varint(), reader.varint()]
  const root = reader.bytes(32)
  const bytes = version === 1 ? reader.rest() : reader.bytes(reader.varint())
  // A later sender may have more to say.
  if (version === 2) reader.rest()
  const name = isName(bytes) ? toText(bytes) : undefined
  if (folder === undefined || name === undefined || (!folder && files !== 1)) return undefined
  return { _tag: "Offer", version, id, folder, size, files, folders, executables, risks, root, name }
}

const readBoolean = (reader: Reader): boolean | undefined => {
  const value = reader.u8()
  return value > 1 ? undefined : value === 1
}

/** `most` is what the body may need. */
const build = (type: number, most: number, body: (writer: Writer) => void): Uint8Array | undefined => {
  const bytes = new Uint8Array(PREFIX + 1 + most)
  const writer = new Writer(bytes, PREFIX)
  writer.u8(type)
  body(writer)
  if (writer.failed) return undefined
  const length = writer.offset - PREFIX
  if (length > MAX_RECORD) return undefined
  const prefix = new Writer(new Uint8Array(PREFIX))
  prefix.varint(length)
  const start = PREFIX - prefix.offset
  bytes.set(prefix.finish()!, start)
  return bytes.subarray(start, writer.offset)
}

const isName = (bytes: Uint8Array): boolean => bytes.length >= 1 && bytes.length <= MAX_NAME

/**
 * Entries of a manifest: a large source tree, and a manifest that fits into memory. What is sent has no more, and what
 * is offered with more is refused.
 */
export const MAX_ENTRIES = 65_536
/** Bytes of type and body: twice the largest ACCEPT, 2^18 bits. */
export const MAX_RECORD = 64 * 1024
/** Bytes of a name: four for each of the 255 characters that the most generous file systems allow. */
export const MAX_NAME = 1020

/** Why one side has given a transfer up: the code of the RESET of its stream, or of an END. */
export const ResetCode = {
  /** By the user, for good. */
  cancelled: 2,
  /** The other side broke the protocol. */
  violation: 3,
  /** A chunk, or manifest and leaves, are not what was offered. */
  corrupt: 4,
  /** The source is not what was offered any more. */
  changed: 5,
  /** What came could not be stored. */
  storage: 6,
  /** The offer is of a version that the receiver does not know. */
  unsupported: 7,
  /** Too many at once: to be offered again on another stream, later. */
  busy: 8,
  /** Nothing is known of a transfer with this id. */
  unknown: 9,
  /** There is no space left for what came. */
  full: 10,
  /** It did not move on for as long as somebody was ready to wait. */
  timedOut: 11,
  /** The source cannot be read any more. */
  unreadable: 12,
  /** It is not wanted, said when there was no stream to decline it on. */
  declined: 13
} as const

/** Why an offer was declined; any other number is a reason that is not known here. */
export const DeclineCode = { declined: 0, noSpace: 1, other: 2 } as const

const OFFER = 1
const CONTENTS = 2
const CHUNK = 3
const ACCEPT = 4
const DECLINE = 5
const SAVED = 6
const DONE = 7
const PAUSE = 8
const ASK = 9
const END = 10
const ID_BYTES = 16
/** The fields of an OFFER before its name, at most. */
const OFFER_FIXED = 1 + ID_BYTES + 1 + 5 * 8 + 32 + 2
/** Bytes of the longest length prefix that is needed for `MAX_RECORD`. */
const PREFIX = 4
