import type { Crypto } from "../../domain/Crypto.js"
import { fromText, Writer } from "../../protocol/Bytes.js"
import { Slice, type Sliced } from "../support/Slices.js"

/** The hash of one chunk, whose bytes may be in several parts. */
export const leaf = (crypto: Crypto, parts: ReadonlyArray<Uint8Array>): Uint8Array =>
  crypto.hash(HASH_BYTES, [LEAF_LABEL, ...parts])

/**
 * The hash that names a content. The number of leaves follows from the size, so no two contents have the same bytes
 * here.
 * `manifest` and `leaves` come as one string of bytes, as they do on the wire.
 */
export function* root(
  crypto: Crypto,
  { kind, size, version }: { readonly kind: "file" | "folder"; readonly size: number; readonly version: 1 | 2 },
  contents: Uint8Array,
  slice = new Slice()
): Sliced<Uint8Array> {
  const head = new Uint8Array(9)
  const writer = new Writer(head)
  writer.u8(kind === "file" ? 0 : 1)
  writer.u64(size)
  const hash = crypto.hasher(HASH_BYTES)
  hash.update(ROOT_LABELS[version])
  hash.update(head)
  for (let at = 0; at < contents.length; at += PIECE) {
    if (slice.spend(PIECE >> HASHED)) yield
    hash.update(contents.subarray(at, at + PIECE))
  }
  return hash.digest()
}

export const HASH_BYTES = 32
const LEAF_LABEL = fromText("parley chunk v1")
const ROOT_LABELS = { 1: fromText("parley content v1"), 2: fromText("parley content v2") } as const
/** Bytes that are hashed at once. */
const PIECE = 256 * 1024
/** Bytes that are hashed within a unit of work (core/support/Slices), as a power of two: about a GB a second. */
const HASHED = 10
