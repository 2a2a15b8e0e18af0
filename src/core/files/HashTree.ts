import type { Crypto } from "../../domain/Crypto.js"
import { fromText, Writer } from "../../protocol/Bytes.js"

/** The hash of one chunk, whose bytes may be in several parts. */
export const leaf = (crypto: Crypto, parts: ReadonlyArray<Uint8Array>): Uint8Array =>
  crypto.hash(HASH_BYTES, [LEAF_LABEL, ...parts])

/**
 * The hash that names a content. The number of leaves follows from the size, so no two contents have the same bytes
 * here.
 * `manifest` and `leaves` come as one string of bytes, as they do on the wire.
 */
export const root = (
  crypto: Crypto,
  { kind, size, version }: { readonly kind: "file" | "folder"; readonly size: number; readonly version: 1 | 2 },
  contents: Uint8Array
): Uint8Array => {
  const head = new Uint8Array(9)
  const writer = new Writer(head)
  writer.u8(kind === "file" ? 0 : 1)
  writer.u64(size)
  return crypto.hash(HASH_BYTES, [ROOT_LABELS[version], head, contents])
}

export const HASH_BYTES = 32
const LEAF_LABEL = fromText("parley chunk v1")
const ROOT_LABELS = { 1: fromText("parley content v1"), 2: fromText("parley content v2") } as const
