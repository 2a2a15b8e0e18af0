import type { Crypto } from "../../domain/Crypto.js"
import * as FileName from "../../domain/FileName.js"
import { equal, fromText, Reader, toText, varintLength, Writer } from "../../protocol/Bytes.js"
import { MAX_ENTRIES } from "../../protocol/FileRecord.js"
import { Slice, type Sliced, textUnits } from "../support/Slices.js"
import { chunkSizeOf, chunksOf, sizeOf } from "./ChunkLayout.js"
import { type Content, type Entry, MAX_MANIFEST, MAX_SIZE, type Offer, type TransferId } from "./Content.js"
import { HASH_BYTES, root } from "./HashTree.js"
import { KNOWN_RISKS, risksOf } from "./Risks.js"
import { safeEntries, safePaths } from "./SafePaths.js"

/**
 * The content of a source of ours, ready to be offered. Each entry's path is what the other side makes its names from;
 * for a file it is left out of the root, so the same bytes have the same root whatever the file is called. `undefined`
 * when it is more than can be sent: `MAX_ENTRIES`, `MAX_MANIFEST`, `MAX_SIZE`, or paths that no receiver takes (too
 * deep).
 */
export function* make(
  crypto: Crypto,
  source: {
    readonly id: TransferId
    readonly kind: "file" | "folder"
    readonly name: string
    /** The files, then the folders. */
    readonly entries: ReadonlyArray<Entry>
    /** 32 bytes a chunk: what `ContentHasher` found. */
    readonly leaves: Uint8Array
  },
  version: 1 | 2 = 2
): Sliced<Content | undefined> {
  const slice = new Slice()
  const { id, kind, leaves } = source
  const entries = version === 2 ? source.entries : source.entries.filter(({ folder }) => folder !== true)
  const name = FileName.make(source.name)
  const size = sizeOf(entries)
  if (entries.length > MAX_ENTRIES || size > MAX_SIZE) return undefined
  if (kind === "file" ? entries.length !== 1 : (yield* safePaths(entries, false, slice)) === undefined) return undefined
  const contents = yield* encodeParts(version, kind, entries, leaves, slice)
  if (contents === undefined || contents.length - leaves.length > MAX_MANIFEST) return undefined
  const offer = { id, kind, name, size, version, ...(yield* summary(version, entries, slice)) }
  return { offer: { ...offer, root: yield* root(crypto, offer, contents, slice) }, entries, leaves }
}

/** The same for a receiver that knows only version 1: without folders and times. */
export const older = (crypto: Crypto, { entries, leaves, offer }: Content): Sliced<Content | undefined> =>
  make(crypto, { ...offer, entries, leaves }, 1)

/** What an offer says of its entries. */
function* summary(
  version: 1 | 2,
  entries: ReadonlyArray<Entry>,
  slice: Slice
): Sliced<Pick<Offer, "files" | "folders" | "executables" | "risks">> {
  let [folders, executables, risks] = [0, 0, 0]
  for (const entry of entries) {
    // Its segments are looked at one by one.
    if (slice.spend(4 * textUnits(entry.path))) yield
    if (entry.folder === true) folders++
    if (entry.executable) executables++
    risks |= risksOf(entry)
  }
  const files = entries.length - folders
  return version === 1 ? { files, folders: 0, executables: 0, risks: 0 } : { files, folders, executables, risks }
}

/** Manifest and leaves as they cross the wire. `content` is one that `make` gave. */
export function* encode({ entries, leaves, offer }: Content): Sliced<Uint8Array> {
  return (yield* encodeParts(offer.version, offer.kind, entries, leaves)) ?? new Uint8Array(0)
}

/**
 * The inverse, verified: `undefined` unless these are the manifest and the leaves that `offer.root` names, and describe
 * what was offered. The paths of the result are safe (core/files/SafePaths). Keeps views of `contents`.
 */
export function* decode(
  crypto: Crypto,
  offer: Offer,
  contents: Uint8Array,
  chunkSize: number = chunkSizeOf(offer.size)
): Sliced<Content | undefined> {
  const leavesLength = leavesLengthOf(offer, chunkSize)
  if (contents.length < leavesLength || contents.length > MAX_MANIFEST + leavesLength) return undefined
  const slice = new Slice()
  if (!equal(yield* root(crypto, offer, contents, slice), offer.root)) return undefined
  const entries = yield* decodeManifest(offer, contents.subarray(0, contents.length - leavesLength), slice)
  return entries && { offer, ...entries, leaves: contents.subarray(contents.length - leavesLength) }
}

/** Bytes of the leaves of what is offered. */
export const leavesLengthOf = ({ size }: Offer, chunkSize: number): number => chunksOf(size, chunkSize) * HASH_BYTES

function* encodeParts(
  version: 1 | 2,
  kind: "file" | "folder",
  entries: ReadonlyArray<Entry>,
  leaves: Uint8Array,
  slice = new Slice()
): Sliced<Uint8Array | undefined> {
  const parts: Array<Uint8Array> = []
  let length = leaves.length
  for (const entry of entries) {
    if (slice.spend(ENTRY + textUnits(entry.path))) yield
    const path = fromText(kind === "file" ? "" : entry.path)
    if (path.length > MAX_PATH) return undefined
    const bytes = version === 1 ? encodeFirst(entry, path) : encodeEntry(entry, path)
    if (bytes === undefined) return undefined
    parts.push(bytes)
    length += bytes.length
  }
  const contents = new Uint8Array(length)
  let at = 0
  for (const bytes of parts) {
    if (slice.spend(1)) yield
    contents.set(bytes, at)
    at += bytes.length
  }
  contents.set(leaves, at)
  return contents
}

const encodeFirst = ({ executable, size }: Entry, path: Uint8Array): Uint8Array | undefined => {
  const writer = new Writer(new Uint8Array(varintLength(path.length) + path.length + varintLength(size) + 1))
  writer.varint(path.length)
  writer.bytes(path)
  writer.varint(size)
  writer.u8(executable ? EXECUTABLE : 0)
  return writer.finish()
}

const encodeEntry = ({ executable, folder, mtimeMs = 0, size }: Entry, path: Uint8Array): Uint8Array | undefined => {
  // Before 1970 is as good as unknown.
  const mtime = Math.max(0, Math.floor(mtimeMs))
  const length = 1 + varintLength(size) + varintLength(mtime) + varintLength(path.length) + path.length
  const writer = new Writer(new Uint8Array(varintLength(length) + length))
  writer.varint(length)
  writer.u8((executable ? EXECUTABLE : 0) | (folder === true ? FOLDER : 0))
  writer.varint(size)
  writer.varint(mtime)
  writer.varint(path.length)
  writer.bytes(path)
  return writer.finish()
}

function* decodeManifest(
  offer: Offer,
  manifest: Uint8Array,
  slice: Slice
): Sliced<{ readonly entries: ReadonlyArray<Entry>; readonly renamed?: number } | undefined> {
  const reader = new Reader(manifest)
  const decodeOne = offer.version === 1 ? decodeFirst : decodeEntry
  const entries: Array<Entry> = []
  while (reader.remaining > 0 && entries.length < offer.files + offer.folders) {
    const entry = decodeOne(reader)
    if (entry === undefined) return undefined
    entries.push(entry)
    if (slice.spend(ENTRY + textUnits(entry.path))) yield
  }
  const { executables, files, folders, risks } = yield* summary(offer.version, entries, slice)
  if (!reader.done || files !== offer.files || folders !== offer.folders || sizeOf(entries) !== offer.size)
    return undefined
  // Somebody who was told otherwise has not accepted this.
  if (executables !== offer.executables || risks !== (offer.risks & KNOWN_RISKS)) return undefined
  if (offer.kind === "file")
    return entries[0]?.path === "" ? { entries: [{ ...entries[0], path: offer.name }] } : undefined
  const safe = yield* safeEntries(entries, false, slice)
  if (safe === undefined) return undefined
  return safe.renamed > 0 ? safe : { entries: safe.entries }
}

const decodeFirst = (reader: Reader): Entry | undefined => {
  const bytes = reader.bytes(reader.varint())
  const path = toText(bytes)
  const size = reader.varint()
  const flags = reader.u8()
  if (path === undefined || bytes.length > MAX_PATH) return undefined
  return { path, size, executable: (flags & EXECUTABLE) !== 0 }
}

const decodeEntry = (all: Reader): Entry | undefined => {
  const reader = new Reader(all.bytes(all.varint()))
  const flags = reader.u8()
  const size = reader.varint()
  const mtimeMs = reader.varint()
  const bytes = reader.bytes(reader.varint())
  const path = toText(bytes)
  const folder = (flags & FOLDER) !== 0
  if (all.failed || reader.failed || path === undefined || bytes.length > MAX_PATH) return undefined
  if (folder && (size > 0 || (flags & EXECUTABLE) !== 0)) return undefined
  return {
    path,
    size,
    executable: (flags & EXECUTABLE) !== 0,
    ...(folder && { folder }),
    ...(mtimeMs > 0 && { mtimeMs })
  }
}

const EXECUTABLE = 1
const FOLDER = 2
/** Bytes of a path: what Linux takes in one call. */
const MAX_PATH = 4096
/** Units of work (core/support/Slices) of an entry, besides those of its path. */
const ENTRY = 4
