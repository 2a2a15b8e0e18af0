import { randomBytes } from "node:crypto"
import { chunkSizeOf } from "../../../src/core/files/ChunkLayout.js"
import { transferIdOf } from "../../../src/core/files/Content.js"
import * as HashTree from "../../../src/core/files/HashTree.js"
import * as Manifest from "../../../src/core/files/Manifest.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import type { OfferRecord } from "../../../src/protocol/FileRecord.js"
import { there } from "../Check.js"
import type { Transfer } from "./Transfer.js"

/** What is offered, with everything that its sender has to say. */
export interface Offered {
  readonly offer: OfferRecord
  /** Manifest and leaves. */
  readonly contents: Uint8Array
  readonly chunks: ReadonlyArray<Uint8Array>
}

/** A file of these bytes, or a folder of some. */
export const offered = (
  name: string,
  source: Uint8Array | Readonly<Record<string, Uint8Array>>,
  version: 1 | 2 = 2
): Offered => {
  const isFile = source instanceof Uint8Array
  const files = isFile ? { [name]: source } : source
  const bytes = Bytes.concat(Object.values(files))
  const entries = Object.entries(files).map(([path, { length }]) => ({ path, size: length, executable: false }))
  const folder = { path: "", size: 0, executable: false, folder: true }
  const chunks = chunksOf(bytes)
  const leaves = Bytes.concat(chunks.map((chunk) => HashTree.leaf(crypto, [chunk])))
  const content = there(
    result(
      Manifest.make(
        crypto,
        {
          id: transferIdOf(randomBytes(16)),
          kind: isFile ? "file" : "folder",
          name,
          entries: isFile || version === 1 ? entries : [...entries, folder],
          leaves
        },
        version
      )
    ),
    "no such content can be made"
  )
  const { id, kind, ...rest } = content.offer
  return {
    offer: { _tag: "Offer", ...rest, id: Bytes.fromHex(id)!, folder: kind === "folder" },
    contents: result(Manifest.encode(content)),
    chunks
  }
}

/** What the client offers, checked against its root; gives its entries, and the hash of each chunk. */
export const verified = (offer: OfferRecord, contents: Uint8Array) => {
  const { _tag, folder, id, ...rest } = offer
  const whole = { ...rest, id: transferIdOf(id), kind: folder ? ("folder" as const) : ("file" as const) }
  return there(result(Manifest.decode(crypto, whole, contents)), "manifest and leaves are not what the root says")
}

export const leafOf = (chunk: Uint8Array): Uint8Array => HashTree.leaf(crypto, [chunk])

/** Sends what the client has asked for, without what it has. */
export const sendAll = ({ chunks, contents }: Offered, transfer: Transfer, wantsContents = true): void => {
  if (wantsContents) transfer.write({ _tag: "Contents", last: true, bytes: contents })
  for (const [index, chunk] of chunks.entries()) {
    transfer.write({ _tag: "Chunk", index })
    transfer.send(chunk)
  }
}

const chunksOf = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
  const size = chunkSizeOf(bytes.length)
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

const result = <A>(work: Generator<undefined, A, undefined>): A => {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
