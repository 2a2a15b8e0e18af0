import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { concat } from "../../../src/protocol/Bytes.js"
import { FileInput } from "../../../src/protocol/FileInput.js"
import * as FileRecord from "../../../src/protocol/FileRecord.js"
import { fileRecord } from "../../protocol/Arbitrary.js"
import { cuts } from "../Cuts.js"
import type { Target } from "../Target.js"

/** Records of the stream that comes in these pieces; a CHUNK is followed by a few raw bytes. */
const readAll = (pieces: ReadonlyArray<Uint8Array>) => {
  const input = new FileInput()
  const records: Array<FileRecord.FileRecord | Uint8Array | undefined> = []
  let raw = new Uint8Array(0)
  let filled = 0
  for (const piece of pieces) {
    input.push(piece.slice())
    for (;;) {
      if (filled < raw.length) {
        filled += input.raw(raw, filled)
        if (filled < raw.length) break
        records.push(raw)
      }
      const content = input.record()
      if (content === undefined) break
      const record = content === "malformed" ? undefined : FileRecord.decode(content.slice())
      records.push(record)
      if (record === undefined) return records
      raw = new Uint8Array(record._tag === "Chunk" ? record.index % 20 : 0)
      filled = 0
    }
  }
  return records
}

export const target: Target = {
  about: ["src/protocol/FileRecord.ts", "src/protocol/FileInput.ts"],
  inputs: fc
    .tuple(fc.nat(255), fc.array(fileRecord, { maxLength: 4 }))
    .map(([cut, records]) => concat([Uint8Array.of(cut), ...records.map((record) => FileRecord.encode(record)!)])),
  most: 4_000,
  run: (input) => {
    const { pieces, whole } = cuts(input)
    const records = readAll(pieces)
    assert.deepStrictEqual(readAll([whole]), records, "it does not matter where a stream is cut")
    for (const record of records) {
      if (record === undefined || record instanceof Uint8Array) continue
      if (record._tag === "Unknown" || record._tag === "OfferUnknown") continue
      const again = FileRecord.encode(record)
      assert.ok(again, "what was read can be written")
      assert.deepStrictEqual(FileRecord.decode(again.subarray(1 << (again[0]! >> 6))), record)
    }
    return records.map((record) => (record === undefined || record instanceof Uint8Array ? "raw" : record._tag))
  }
}
