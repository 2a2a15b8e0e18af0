import * as fc from "fast-check"
import { expect, it } from "vitest"
import * as Grease from "../../../src/core/support/Grease.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import { RecordReader } from "../../../src/protocol/ChatRecord.js"
import * as FileRecord from "../../../src/protocol/FileRecord.js"
import { some } from "../../support/Effort.js"

const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 })
const from = (source: Uint8Array) => {
  let at = 0
  return (length: number) => {
    at += length
    return source.subarray(at - length, at)
  }
}

it("a handshake has grease in the ranges that are never given, in one of two", () => {
  fc.assert(
    fc.property(bytes, (source) => {
      const { extension, feature } = Grease.ofHandshake(from(source))
      expect([0, 2 ** 23]).toContain(feature)
      expect(extension === undefined).toBe(feature === 0)
      if (extension === undefined) return
      expect(extension.type % 31).toBe(27)
      expect(extension.type).toBeLessThan(16_384)
      expect(extension.value.length).toBeLessThan(8)
    }),
    { numRuns: some(1_000) }
  )
})

it("a conversation has one record that every reader skips, in one of two", () => {
  fc.assert(
    fc.property(bytes, (source) => {
      const record = Grease.ofConversation(from(source))
      expect(record === undefined).toBe(source[0]! < 128)
      if (record === undefined) return
      const read: Array<string> = []
      new RecordReader().push(record, ({ _tag }) => read.push(_tag) > 0)
      expect(read).toEqual(["Unknown"])
      const reader = new Bytes.Reader(record)
      expect(FileRecord.decode(reader.bytes(reader.varint()))).toEqual({ _tag: "Unknown" })
      expect([27, 58, 89, 120]).toContain(record[1])
    }),
    { numRuns: some(1_000) }
  )
})
