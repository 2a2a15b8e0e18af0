import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { concat, Writer } from "../../../src/protocol/Bytes.js"
import * as ChatRecord from "../../../src/protocol/ChatRecord.js"
import * as GroupRecord from "../../../src/protocol/GroupRecord.js"
import { chatRecord } from "../../protocol/Arbitrary.js"
import { cuts } from "../Cuts.js"
import type { Target } from "../Target.js"

const encode = (record: ChatRecord.ChatRecord): Uint8Array | undefined => {
  const length = record._tag === "Text" ? record.text.length : GroupRecord.MAX_GROUP_RECORD + ChatRecord.MAX_AWAY
  const writer = new Writer(new Uint8Array(50 + length))
  if (record._tag === "Text") ChatRecord.writeText(writer, record.id, record.sequence, record.text)
  if (record._tag === "Delivered") ChatRecord.writeDelivered(writer, record.id)
  if (record._tag === "Read") ChatRecord.writeRead(writer, record.id)
  if (record._tag === "Written") ChatRecord.writeWritten(writer, record.at)
  if (record._tag === "Known") ChatRecord.writeKnown(writer, record.messages, record.bytes)
  if (record._tag === "Group" && record.group !== undefined)
    ChatRecord.writeGroup(writer, GroupRecord.encode(record.group))
  if (record._tag === "Away")
    ChatRecord.writeAway(writer, record.text === undefined ? undefined : new TextEncoder().encode(record.text))
  if (record._tag === "Network") ChatRecord.writeNetwork(writer, record.ipv4, record.ipv6)
  return writer.finish()
}

/** All records of the stream that comes in these pieces, and whether it was well formed. */
const readAll = (pieces: ReadonlyArray<Uint8Array>) => {
  const reader = new ChatRecord.RecordReader()
  const records: Array<ChatRecord.ChatRecord> = []
  const isGood = pieces.every((piece) =>
    reader.push(piece, (record) => {
      records.push(record._tag === "Text" ? { ...record, text: record.text.slice() } : record)
      return true
    })
  )
  return { records, isGood }
}

export const target: Target = {
  about: ["src/protocol/ChatRecord.ts", "src/protocol/GroupRecord.ts"],
  inputs: fc
    .tuple(fc.nat(255), fc.array(chatRecord, { maxLength: 4 }))
    .map(([cut, records]) => concat([Uint8Array.of(cut), ...records.map((record) => encode(record)!)])),
  most: 4_000,
  run: (input) => {
    const { pieces, whole } = cuts(input)
    const { isGood, records } = readAll(pieces)
    assert.deepStrictEqual(readAll([whole]), { isGood, records }, "it does not matter where a stream is cut")
    const known = records.filter((one) => one._tag !== "Unknown" && !(one._tag === "Group" && one.group === undefined))
    const again = known.map(encode)
    assert.ok(
      again.every((bytes) => bytes !== undefined),
      "what was read can be written"
    )
    assert.deepStrictEqual(readAll(again).records, known)
    return records.map(({ _tag }) => _tag)
  }
}
