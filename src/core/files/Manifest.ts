import type { Crypto } from "../../domain/Crypto.js"
import * as FileName from "../../domain/FileName.js"
import { equal, fromText, Reader, toText, varintLength, Writer } from "../../protocol/Bytes.js"
import { MAX_ENTRIES } from "../../protocol/FileRecord.js"
import { chunkSizeOf, chunksOf, sizeOf } from "./ChunkLayout.js"
import { type Content, type Entry, MAX_MANIFEST, MAX_SIZE, type Offer, type TransferId } from "./Content.js"
import { HASH_BYTES, root } from "./HashTree.js"
import { safePaths } from "./SafePaths.js"

/**
 * The content of a source of ours, ready to be offered. Each entry's path is what the other side makes its names from;
 * for a file it is left out of the root, so the same bytes have the same root whatever the file is called. `undefined`
 * when it is more than can be sent:
 * `MAX_ENTRIES`, `MAX_MANIFEST`, `MAX_SIZE`, or paths that no receiver takes (too deep).
 */
export const make = (
  crypto: Crypto,
  source: {
    readonly id: TransferId
    readonly kind: "file" | "folder"
    readonly name: string
    readonly entries: ReadonlyArray<Entry>
    /** 32 bytes a chunk: what `ContentHasher` found. */
    readonly leaves: Uint8Array
  }
): Content | undefined => {
  const { entries, id, kind, leaves } = source
  const name = FileName.make(source.name)
  const size = sizeOf(entries)
  if (entries.length > MAX_ENTRIES || size > MAX_SIZE) return undefined
  if (kind === "file" ? entries.length !== 1 : safePaths(entries.map(({ path }) => path)) === undefined)
    return undefined
  const offer = { id, kind, name, size, files: entries.length }
  const contents = encodeParts(kind, entries, leaves)
  if (contents === undefined || contents.length - leaves.length > MAX_MANIFEST) return undefined
  return { offer: { ...offer, root: root(crypto, kind, size, contents) }, entries, leaves }
}

/** Manifest and leaves as they cross the wire. `content` is one that `make` gave. */
export const encode = ({ entries, leaves, offer }: Content): Uint8Array =>
  encodeParts(offer.kind, entries, leaves) ?? new Uint8Array(0)

/**
 * The inverse, verified: `undefined` unless these are the manifest and the leaves that `offer.root` names, and describe
 * what was offered. The paths of the result are safe (core/files/SafePaths). Keeps views of `contents`.
 */
export const decode = (
  crypto: Crypto,
  offer: Offer,
  contents: Uint8Array,
  chunkSize: number = chunkSizeOf(offer.size)
): Content | undefined => {
  const leavesLength = leavesLengthOf(offer, chunkSize)
  if (contents.length < leavesLength || contents.length > MAX_MANIFEST + leavesLength) return undefined
  if (!equal(root(crypto, offer.kind, offer.size, contents), offer.root)) return undefined
  const entries = decodeManifest(offer, contents.subarray(0, contents.length - leavesLength))
  return entries && { offer, entries, leaves: contents.subarray(contents.length - leavesLength) }
}

/** Bytes of the leaves of what is offered. */
export const leavesLengthOf = ({ size }: Offer, chunkSize: number): number => chunksOf(size, chunkSize) * HASH_BYTES

const encodeParts = (
  kind: "file" | "folder",
  entries: ReadonlyArray<Entry>,
  leaves: Uint8Array
): Uint8Array | undefined => {
  let length = leaves.length
  const paths: Array<Uint8Array> = []
  for (const { path, size } of entries) {
    const bytes = fromText(kind === "file" ? "" : path)
    if (bytes.length > MAX_PATH) return undefined
    paths.push(bytes)
    length += varintLength(bytes.length) + bytes.length + varintLength(size) + 1
  }
  const writer = new Writer(new Uint8Array(length))
  for (const [index, { executable, size }] of entries.entries()) {
    const path = paths[index]!
    writer.varint(path.length)
    writer.bytes(path)
    writer.varint(size)
    writer.u8(executable ? EXECUTABLE : 0)
  }
  writer.bytes(leaves)
  return writer.finish()
}

const decodeManifest = (offer: Offer, manifest: Uint8Array): ReadonlyArray<Entry> | undefined => {
  const reader = new Reader(manifest)
  const paths: Array<string> = []
  const sizes: Array<number> = []
  const flags: Array<number> = []
  while (reader.remaining > 0 && paths.length < offer.files) {
    const bytes = reader.bytes(reader.varint())
    const path = toText(bytes)
    if (path === undefined || bytes.length > MAX_PATH) return undefined
    paths.push(path)
    sizes.push(reader.varint())
    flags.push(reader.u8())
  }
  if (!reader.done || paths.length !== offer.files) return undefined
  if (sizes.reduce((sum, size) => sum + size, 0) !== offer.size) return undefined
  const safe = offer.kind === "folder" ? safePaths(paths) : paths[0] === "" ? [offer.name] : undefined
  return safe?.map((path, index) => ({
    path,
    size: sizes[index]!,
    executable: (flags[index]! & EXECUTABLE) !== 0
  }))
}

const EXECUTABLE = 1
/** Bytes of a path: what Linux takes in one call. */
const MAX_PATH = 4096
