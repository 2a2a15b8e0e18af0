import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { concat, fromHex, toHex, Writer } from "../../src/protocol/Bytes.js"
import { FileInput } from "../../src/protocol/FileInput.js"
import {
  decode,
  type EncodableRecord,
  encode,
  type FileRecord,
  MAX_NAME,
  MAX_RECORD
} from "../../src/protocol/FileRecord.js"
import { fileRecord } from "./Arbitrary.js"

/** Type and body without the length. */
const content = (encoded: Uint8Array) => encoded.subarray(1 << (encoded[0]! >> 6))

const hex = (text: string) => fromHex(text.replaceAll(" ", ""))!

const copied = (each: FileRecord | undefined): FileRecord | undefined => {
  if (each === undefined) return undefined
  const fields = Object.entries(each).map(([key, value]) => [key, value instanceof Uint8Array ? value.slice() : value])
  return Object.fromEntries(fields) as FileRecord
}

describe("file records", () => {
  it("have a fixed form", () => {
    const form = (each: EncodableRecord) => toHex(encode(each)!)
    const id = new Uint8Array(16).fill(0xaa)
    const root = new Uint8Array(32).fill(0xbb)
    const first = { version: 1, folders: 0, executables: 0, risks: 0 } as const
    expect(form({ _tag: "Offer", id, folder: false, size: 300, files: 1, ...first, root, name: "é.x" })).toBe(
      `3a0101${"aa".repeat(16)}00412c01${"bb".repeat(32)}c3a92e78`
    )
    const second = { version: 2, folders: 3, executables: 1, risks: 5 } as const
    expect(form({ _tag: "Offer", id, folder: true, size: 300, files: 9, ...second, root, name: "é.x" })).toBe(
      `3e0102${"aa".repeat(16)}01412c09030105${"bb".repeat(32)}04c3a92e78`
    )
    expect(form({ _tag: "Ask", id })).toBe(`1109${"aa".repeat(16)}`)
    expect(form({ _tag: "End", id, code: 11 })).toBe(`120a${"aa".repeat(16)}0b`)
    expect(form({ _tag: "Contents", last: true, bytes: Uint8Array.of(1, 2, 3) })).toBe("050201010203")
    expect(form({ _tag: "Chunk", index: 5 })).toBe("020305")
    expect(form({ _tag: "Chunk", index: 200_000 })).toBe("050380030d40")
    expect(form({ _tag: "Accept", contents: false, have: Uint8Array.of(0x81) })).toBe("03040081")
    expect(form({ _tag: "Accept", contents: true, have: new Uint8Array(0) })).toBe("020401")
    expect(form({ _tag: "Decline", reason: 1 })).toBe("020501")
    expect(form({ _tag: "Saved", chunks: 64 })).toBe("03064040")
    expect(form({ _tag: "Done" })).toBe("0107")
    expect(form({ _tag: "Pause", paused: true })).toBe("020801")
  })

  it("come back as they were", () => {
    fc.assert(
      fc.property(fileRecord, (each) => {
        expect(decode(content(encode(each)!))).toEqual(each)
      })
    )
  })

  it("are refused when they are malformed", () => {
    const offer = (kind: number, files: number, name: string) =>
      decode(hex(`01 01 ${"aa".repeat(16)} 0${kind} 05 0${files} ${"bb".repeat(32)} ${name}`))
    expect(offer(0, 1, "61")).toMatchObject({ name: "a", folder: false, size: 5, files: 1 })
    expect(offer(1, 3, "61")).toMatchObject({ folder: true, files: 3 })
    expect(offer(2, 1, "61")).toBeUndefined()
    expect(offer(0, 2, "61")).toBeUndefined()
    expect(offer(0, 1, "")).toBeUndefined()
    expect(offer(0, 1, "c3")).toBeUndefined()
    expect(offer(0, 1, "61".repeat(MAX_NAME))).toBeDefined()
    expect(offer(0, 1, "61".repeat(MAX_NAME + 1))).toBeUndefined()
    for (const text of [
      "",
      "01",
      "0101aa",
      "02",
      "0202",
      "03",
      "0301ff",
      "0402",
      "05",
      "0501ff",
      "06",
      "0701",
      "0802",
      "080100"
    ])
      expect(decode(hex(text)), text).toBeUndefined()
  })

  it("may be of a later kind", () => {
    expect(decode(hex("3f 010203"))).toEqual({ _tag: "Unknown" })
    expect(decode(hex("00"))).toEqual({ _tag: "Unknown" })
    expect(decode(hex("01 03 ffff"))).toEqual({ _tag: "OfferUnknown" })
  })

  it("are not made of what they cannot say", () => {
    const offer = {
      _tag: "Offer",
      id: new Uint8Array(16),
      folder: false,
      size: 1,
      files: 1,
      version: 1,
      folders: 0,
      executables: 0,
      risks: 0,
      root: new Uint8Array(32),
      name: "a"
    } as const
    expect(encode(offer)).toBeDefined()
    expect(encode({ ...offer, id: new Uint8Array(15) })).toBeUndefined()
    expect(encode({ ...offer, name: "" })).toBeUndefined()
    expect(encode({ ...offer, size: -1 })).toBeUndefined()
    expect(encode({ _tag: "Contents", last: false, bytes: new Uint8Array(MAX_RECORD) })).toBeUndefined()
  })
})

/** What stands in a stream: a record, or raw bytes. */
const part = fc.oneof(
  fileRecord.map((each) => encode(each)!).map((encoded) => ({ raw: false, encoded })),
  fc.uint8Array({ minLength: 1, maxLength: 300 }).map((encoded) => ({ raw: true, encoded }))
)

describe("FileInput", () => {
  it("gives records and raw bytes, however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
        (parts, cuts) => {
          const stream = concat(parts.map(({ encoded }) => encoded))
          const input = new FileInput()
          const back: Array<Uint8Array> = []
          let raw = new Uint8Array(0)
          let filled = 0
          const drain = () => {
            while (back.length < parts.length) {
              const { encoded, raw: isRaw } = parts[back.length]!
              if (isRaw) {
                if (raw.length === 0) raw = new Uint8Array(encoded.length)
                filled += input.raw(raw, filled)
                if (filled < raw.length) return
                back.push(raw)
                raw = new Uint8Array(0)
                filled = 0
              } else {
                const next = input.record()
                expect(next).not.toBe("malformed")
                if (next === undefined || next === "malformed") return
                back.push(next.slice())
              }
            }
          }
          for (let at = 0, i = 0; at < stream.length; i++) {
            const end = Math.min(stream.length, at + cuts[i % cuts.length]!)
            input.push(stream.slice(at, end))
            // Sometimes more than one piece waits.
            if (i % 3 > 0 || end === stream.length) drain()
            at = end
          }
          expect(input.pending).toBe(false)
          expect(back).toEqual(parts.map(({ encoded, raw }) => (raw ? encoded : content(encoded))))
        }
      )
    )
  })

  it("tells a length that no record has", () => {
    const of = (length: number) => {
      const writer = new Writer(new Uint8Array(8))
      writer.varint(length)
      const input = new FileInput()
      for (const byte of writer.finish()!) input.push(Uint8Array.of(byte))
      return input.record()
    }
    expect(of(0)).toBe("malformed")
    expect(of(MAX_RECORD + 1)).toBe("malformed")
    expect(of(MAX_RECORD)).toBeUndefined()
    const input = new FileInput()
    input.push(new Uint8Array(9).fill(0xff))
    expect(input.record()).toBe("malformed")
  })

  it("takes a record of the largest size in small pieces", () => {
    const input = new FileInput()
    const encoded = encode({ _tag: "Accept", contents: false, have: new Uint8Array(MAX_RECORD - 2).fill(7) })!
    for (let at = 0; at < encoded.length; at += 1_000) {
      expect(input.record()).toBeUndefined()
      input.push(encoded.slice(at, at + 1_000))
    }
    expect(copied(decode(input.record() as Uint8Array))).toEqual(decode(content(encoded)))
  })
})
