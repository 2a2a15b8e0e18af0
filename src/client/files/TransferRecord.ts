import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { type Offer, TransferId } from "../../core/files/Content.js"
import { HASH_BYTES } from "../../core/files/HashTree.js"
import { Slice, type Sliced, textUnits } from "../../core/files/Slices.js"
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

export function* encode({ head, tail }: TransferRecord, slice = new Slice()): Sliced<Uint8Array> {
  const json = yield* jsonOf(head, slice)
  const length = new Uint8Array(LENGTH_BYTES)
  new Bytes.Writer(length).u32(json.reduce((sum, part) => sum + part.length, 0))
  return Bytes.concat([length, ...json, tail])
}

/** As `JSON.stringify`, in parts: there may be 65,536 entries. */
function* jsonOf(head: Head, slice: Slice): Sliced<ReadonlyArray<Uint8Array>> {
  if (!("entries" in head)) return [Bytes.fromText(JSON.stringify(head))]
  const { entries, ...rest } = head
  const parts = [Bytes.fromText(`${JSON.stringify(rest).slice(0, -1)},"entries":[`)]
  let rows: Array<string> = []
  for (const [index, entry] of entries.entries()) {
    rows.push(`${index === 0 ? "" : ","}${JSON.stringify(entry)}`)
    if (!slice.spend(ENTRY + textUnits(entry[0]))) continue
    parts.push(Bytes.fromText(rows.join("")))
    rows = []
    yield
  }
  parts.push(Bytes.fromText(`${rows.join("")}]}`))
  return parts
}

/** `undefined` when it is not what `encode` gives. */
export const decode = (bytes: Uint8Array): TransferRecord | undefined => {
  const reader = new Bytes.Reader(bytes)
  const json = reader.bytes(reader.u32())
  if (reader.failed) return undefined
  const head = decodeHead(Bytes.toText(json) ?? "")
  return Either.isRight(head) ? { head: head.right, tail: reader.bytes(reader.remaining) } : undefined
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

const Outgoing = Schema.Struct({
  ...common,
  direction: Schema.Literal("out"),
  path: Schema.String,
  /** Of several things that are sent as one folder. */
  sources: Schema.optionalWith(Schema.Array(Schema.String).pipe(Schema.maxItems(MAX_PATHS)), { exact: true }),
  skipped: Count,
  /** Path, size, time of change, whether it is executable, and whether it is a folder. */
  entries: Schema.Array(
    Schema.Tuple(Schema.String, Count, Schema.JsonNumber, Schema.Boolean, Schema.optionalElement(Schema.Boolean))
  ).pipe(Schema.maxItems(MAX_ENTRIES))
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

const LENGTH_BYTES = 4
/** Units of work (core/files/Slices) that an entry takes, besides those of its path. */
const ENTRY = 2
