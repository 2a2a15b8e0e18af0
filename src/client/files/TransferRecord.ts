import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { type Offer, TransferId } from "../../core/files/Content.js"
import { HASH_BYTES } from "../../core/files/HashTree.js"
import { Slice, type Sliced, textUnits } from "../../core/support/Slices.js"
import * as Base64Url from "../../domain/Base64Url.js"
import { PeerId } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import { MAX_ENTRIES } from "../../protocol/FileRecord.js"
import { MAX_PATHS } from "../../services/Files.js"

/**
 * What the next process must know of a transfer to go on with it: `length u32 | JSON | tail`. The tail is what is too
 * large for JSON: of an outgoing transfer the leaves of the content, of an incoming one manifest and leaves as they
 * came (empty before they did).
 */
export interface TransferRecord {
  readonly head: Head
  readonly tail: Uint8Array
}

/** A record as it is written: the entries are made as they are reached. */
export interface Writing {
  readonly head: Exclude<Head, OutgoingHead> | (Omit<OutgoingHead, "entries"> & { readonly entries: Rows })
  readonly tail: Uint8Array
}

type Rows = Iterable<OutgoingHead["entries"][number]>

export function* encode({ head, tail }: Writing, slice = new Slice()): Sliced<Uint8Array> {
  const json = yield* jsonOf(head, slice)
  const length = new Uint8Array(LENGTH_BYTES)
  new Bytes.Writer(length).u32(json.reduce((sum, part) => sum + part.length, 0))
  return Bytes.concat([length, ...json, tail])
}

/** As `JSON.stringify`, in parts: there may be 65,536 entries. Those stand in lines, so that they are read in parts. */
function* jsonOf(head: Writing["head"], slice: Slice): Sliced<ReadonlyArray<Uint8Array>> {
  if (!("entries" in head)) return [Bytes.fromText(JSON.stringify(head))]
  const { entries, ...rest } = head
  const parts = [Bytes.fromText(`${JSON.stringify(rest).slice(0, -1)}${ENTRIES}`)]
  let [line, isDue] = ["", false]
  for (const entry of entries) {
    if (line.length >= LINE || isDue) {
      parts.push(Bytes.fromText(`\n${line},`))
      line = ""
      if (isDue) yield
    }
    line += `${line === "" ? "" : ","}${JSON.stringify(entry)}`
    isDue = slice.spend(ENTRY + textUnits(entry[0]))
  }
  parts.push(Bytes.fromText(line === "" ? "\n]}" : `\n${line}\n]}`))
  return parts
}

/** `undefined` when it is not what `encode` gives. */
export function* decode(bytes: Uint8Array, slice = new Slice()): Sliced<TransferRecord | undefined> {
  const reader = new Bytes.Reader(bytes)
  const json = reader.bytes(reader.u32())
  if (reader.failed) return undefined
  const head = yield* headOf(json, slice)
  return head && { head, tail: reader.bytes(reader.remaining) }
}

/** A head without entries, or of an earlier version of the program, is in one line. */
function* headOf(json: Uint8Array, slice: Slice): Sliced<Head | undefined> {
  const end = json.indexOf(LF)
  const first = Bytes.toText(end < 0 ? json : json.subarray(0, end)) ?? ""
  const head = Either.getOrUndefined(decodeHead(end < 0 ? first : `${first}]}`))
  if (end < 0 || head === undefined || !("entries" in head) || !first.endsWith(ENTRIES))
    return end < 0 ? head : undefined
  const entries: Array<OutgoingHead["entries"][number]> = []
  for (let at = end + 1; ; ) {
    const next = json.indexOf(LF, at)
    const line = Bytes.toText(json.subarray(at, next < 0 ? json.length : next))
    if (next < 0) return line === "]}" ? { ...head, entries } : undefined
    if (line === undefined || line.length > MAX_LINE) return undefined
    const rows = Either.getOrUndefined(decodeEntries(`[${line.endsWith(",") ? line.slice(0, -1) : line}]`))
    if (rows === undefined || entries.length + rows.length > MAX_ENTRIES) return undefined
    for (const row of rows) entries.push(row)
    if (slice.spend(DECODED * rows.length + textUnits(line))) yield
    at = next + 1
  }
}

/** The offer of a record. */
export const offerOf = ({ offer }: Pick<Head, "offer">): Offer => ({
  ...offer,
  root: Base64Url.decode(offer.root) ?? new Uint8Array(HASH_BYTES)
})

export const offerRecord = (offer: Offer) => ({ ...offer, root: Base64Url.encode(offer.root) })

const Hash = Schema.String.pipe(Schema.pattern(/^[A-Za-z0-9_-]{43}$/))
const Count = Schema.NonNegativeInt

const OfferHead = Schema.Struct({
  id: TransferId,
  kind: Schema.Literal("file", "folder"),
  name: Schema.String,
  size: Count,
  files: Count,
  /** Left out by the first version of the program, which knew only the first version of manifests. */
  version: Schema.optionalWith(Schema.Literal(1, 2), { default: () => 1 as const }),
  folders: Schema.optionalWith(Count, { default: () => 0 }),
  executables: Schema.optionalWith(Count, { default: () => 0 }),
  risks: Schema.optionalWith(Count, { default: () => 0 }),
  /** base64url. */
  root: Hash
})

const common = {
  version: Schema.Literal(1),
  peer: PeerId,
  nick: Schema.String,
  offer: OfferHead,
  paused: Schema.Boolean
}

/** Path, size, time of change, whether it is executable, and whether it is a folder. */
const Entries = Schema.Array(
  Schema.Tuple(Schema.String, Count, Schema.JsonNumber, Schema.Boolean, Schema.optionalElement(Schema.Boolean))
)

const Outgoing = Schema.Struct({
  ...common,
  direction: Schema.Literal("out"),
  path: Schema.String,
  /** Of several things that are sent as one folder. */
  sources: Schema.optionalWith(Schema.Array(Schema.String).pipe(Schema.maxItems(MAX_PATHS)), { exact: true }),
  skipped: Count,
  entries: Entries.pipe(Schema.maxItems(MAX_ENTRIES))
})

const Incoming = Schema.Struct({
  ...common,
  direction: Schema.Literal("in"),
  directory: Schema.String,
  token: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{16}$/)),
  /** Whether names that differ only in case are the same there; as all were treated once. */
  folds: Schema.optionalWith(Schema.Boolean, { default: () => true }),
  /**
   * `storing`: all bytes are there, and are being given their name; when nothing of them is left under the hidden one,
   * that has happened. `stored`: the sender may not know it yet.
   */
  stage: Schema.Literal("accepted", "storing", "stored")
})

/** It is over on our side, and the other side may not know. */
const Ended = Schema.Struct({
  ...common,
  direction: Schema.Literal("out", "in"),
  ended: Schema.Literal(
    "Cancelled",
    "TimedOut",
    "Declined",
    "Changed",
    "Unreadable",
    "Storage",
    "Full",
    "Unknown",
    "Violation",
    "Corrupt",
    "Unsupported",
    "Busy"
  )
})

const Head = Schema.Union(Ended, Outgoing, Incoming)

export type Head = typeof Head.Type
export type OutgoingHead = typeof Outgoing.Type
export type IncomingHead = typeof Incoming.Type
export type EndedHead = typeof Ended.Type

const decodeHead = Schema.decodeUnknownEither(Schema.parseJson(Head))
const decodeEntries = Schema.decodeUnknownEither(Schema.parseJson(Entries))

const LENGTH_BYTES = 4
/** What the first line ends with where lines of entries follow. */
const ENTRIES = ',"entries":['
const LF = 10
/** Characters after which a line ends: some dozens of usual paths. */
const LINE = 4 * 1024
/** With one more path of the longest kind, each of its characters escaped. */
const MAX_LINE = 64 * 1024
/** Units of work that it takes to read an entry, besides those of its line. */
const DECODED = 16
/** Units of work (core/support/Slices) that an entry takes, besides those of its path. */
const ENTRY = 2
