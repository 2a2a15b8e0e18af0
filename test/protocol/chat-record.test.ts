import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type MessageId, messageIdOf } from "../../src/domain/MessageId.js"
import { concat, fromText, toHex, Writer } from "../../src/protocol/Bytes.js"
import {
  awaySize,
  type ChatRecord,
  groupSize,
  knownSize,
  MARK_SIZE,
  MAX_MESSAGE,
  MAX_RECORD,
  NETWORK_SIZE,
  RecordReader,
  textSize,
  writeAway,
  writeDelivered,
  writeGroup,
  writeKnown,
  writeNetwork,
  writeRead,
  writeText,
  writeWritten,
  writtenSize
} from "../../src/protocol/ChatRecord.js"
import { encode as encodeGroup } from "../../src/protocol/GroupRecord.js"
import { some } from "../support/Effort.js"
import { chatRecord } from "./Arbitrary.js"

const written = (size: number, write: (writer: Writer) => void): Uint8Array => {
  const bytes = new Uint8Array(size)
  const writer = new Writer(bytes)
  write(writer)
  expect(writer.remaining).toBe(0)
  return writer.finish()!
}

const encodeText = (id: MessageId, sequence: number, text: Uint8Array): Uint8Array =>
  written(textSize(sequence, text.length), (writer) => writeText(writer, id, sequence, text))

const encodeDelivered = (id: MessageId): Uint8Array => written(MARK_SIZE, (writer) => writeDelivered(writer, id))

const encodeRead = (id: MessageId): Uint8Array => written(MARK_SIZE, (writer) => writeRead(writer, id))

const unknown = (type: number, body: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(body.length + 9)
  const writer = new Writer(bytes)
  writer.varint(body.length + 1)
  writer.u8(type)
  writer.bytes(body)
  return writer.finish()!
}

const encode = (each: ChatRecord): Uint8Array => {
  switch (each._tag) {
    case "Text":
      return encodeText(each.id, each.sequence, each.text)
    case "Delivered":
      return encodeDelivered(each.id)
    case "Read":
      return encodeRead(each.id)
    case "Written":
      return written(writtenSize(each.at), (writer) => writeWritten(writer, each.at))
    case "Known":
      return written(knownSize(each.messages, each.bytes), (writer) => writeKnown(writer, each.messages, each.bytes))
    case "Group": {
      const body = encodeGroup(each.group!)
      return written(groupSize(body), (writer) => writeGroup(writer, body))
    }
    case "Away": {
      const text = each.text === undefined ? undefined : new TextEncoder().encode(each.text)
      return written(awaySize(text), (writer) => writeAway(writer, text))
    }
    case "Network":
      return written(NETWORK_SIZE, (writer) => writeNetwork(writer, each.ipv4, each.ipv6))
    case "Unknown":
      return unknown(each.type, new Uint8Array(70).fill(each.type))
  }
}

const copy = (each: ChatRecord): ChatRecord => {
  return each._tag === "Text" ? { ...each, text: each.text.slice() } : each
}

describe("chat records", () => {
  it("come back as they were, however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(chatRecord, { maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        (records, cuts) => {
          const stream = concat(records.map(encode))
          const reader = new RecordReader()
          const back: Array<ChatRecord> = []
          let total = 0
          for (let at = 0, i = 0; at < stream.length; i++) {
            const end = Math.min(stream.length, at + cuts[i % cuts.length]!)
            const accept = (each: ChatRecord, size: number) => {
              back.push(copy(each))
              total += size
              return true
            }
            expect(reader.push(stream.subarray(at, end), accept)).toBe(true)
            at = end
          }
          expect(back).toEqual(records)
          expect(total).toBe(stream.length)
        }
      )
    )
  })

  it("have a fixed form", () => {
    const id = messageIdOf(new Uint8Array(16).fill(0xaa))
    expect(toHex(encodeText(id, 300, fromText("hi")))).toBe(`1501${"aa".repeat(16)}412c6869`)
    expect(toHex(encodeDelivered(id))).toBe(`1102${"aa".repeat(16)}`)
    expect(toHex(encodeRead(id))).toBe(`1103${"aa".repeat(16)}`)
    const at = 1_774_000_000_000
    expect(toHex(written(writtenSize(at), (writer) => writeWritten(writer, at)))).toBe("0904c000019d0aa3cc00")
  })

  it("are refused when they are malformed or too large, and the stream ends there", () => {
    const refused = (bytes: Uint8Array) => expect(new RecordReader().push(bytes, () => true)).toBe(false)
    const length = (value: number) => {
      const writer = new Writer(new Uint8Array(8))
      writer.varint(value)
      return writer.finish()!
    }
    refused(length(0))
    refused(length(MAX_RECORD + 1))
    refused(Uint8Array.from([255, 255, 255, 255, 255, 255, 255, 255]))
    refused(Uint8Array.from([2, 1, 0])) // a text without an id
    refused(encodeText(messageIdOf(new Uint8Array(16)), 1, new Uint8Array(0))) // an empty text
    refused(encodeText(messageIdOf(new Uint8Array(16)), 1, new Uint8Array(MAX_MESSAGE + 1)))
    refused(unknown(2, new Uint8Array(17))) // a confirmation with something behind it
    refused(unknown(2, new Uint8Array(15)))
    refused(unknown(3, new Uint8Array(17)))
    expect(
      new RecordReader().push(encodeText(messageIdOf(new Uint8Array(16)), 1, new Uint8Array(MAX_MESSAGE)), () => true)
    ).toBe(true)
    expect(new RecordReader().push(encodeDelivered(messageIdOf(new Uint8Array(16))), () => false)).toBe(false)
  })

  it("break nothing when only the time of a text makes no sense", () => {
    for (const body of [[], [0xc0], [255, 255, 255, 255, 255, 255, 255, 255], [0]]) {
      const records: Array<ChatRecord> = []
      expect(new RecordReader().push(unknown(4, Uint8Array.from(body)), (each) => records.push(each) > 0)).toBe(true)
      expect(records).toEqual([{ _tag: "Written", at: 0 }])
    }
  })

  it("never throw on random bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (pieces) => {
        const reader = new RecordReader()
        for (const piece of pieces) if (!reader.push(piece, () => true)) return
      }),
      { numRuns: some(3_000) }
    )
  })
})
