import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decode, encode, type HistoryEntry } from "../../../src/core/history/HistoryEntry.js"
import { concat, toHex } from "../../../src/protocol/Bytes.js"
import { MAX_MESSAGE } from "../../../src/protocol/ChatRecord.js"
import { messageId } from "../../support/ids.js"
import { entriesOf, happening, idOf } from "./Arbitrary.js"

const some = fc.array(happening, { maxLength: 30 }).map(entriesOf)

describe("entries of the history", () => {
  it("come back as they were", () => {
    fc.assert(
      fc.property(some, (entries) => {
        expect(decode(concat(entries.map(encode)))).toEqual(entries)
      })
    )
  })

  it("hold the largest message and the wildest time", () => {
    const entry: HistoryEntry = {
      _tag: "Sent",
      id: idOf(1),
      nick: "é".repeat(32),
      text: "x".repeat(MAX_MESSAGE),
      at: 1
    }
    expect(decode(encode(entry))).toEqual([entry])
    for (const [at, kept] of [
      [-1, 0],
      [1.9, 1],
      [8.64e15, 8.64e15]
    ] as const)
      expect(decode(encode({ ...entry, at }))).toEqual([{ ...entry, at: kept }])
  })

  it("have a fixed form", () => {
    const said = { id: messageId("aa".repeat(16)), at: 300, nick: "bob", text: "hi" }
    expect(toHex(encode({ _tag: "Sent", ...said }))).toBe(`01${"aa".repeat(16)}412c03626f62026869`)
    expect(toHex(encode({ _tag: "Received", ...said }))).toBe(`02${"aa".repeat(16)}412c03626f62026869`)
    expect(toHex(encode({ _tag: "Delivered", id: said.id }))).toBe(`03${"aa".repeat(16)}`)
    expect(toHex(encode({ _tag: "Read", id: said.id }))).toBe(`04${"aa".repeat(16)}`)
  })

  it("are refused when anything is missing, and never throw", () => {
    fc.assert(
      fc.property(some, fc.nat(), (entries, cut) => {
        const bytes = concat(entries.map(encode))
        const length = bytes.length === 0 ? 0 : cut % bytes.length
        const whole = decode(bytes.subarray(0, length))
        if (whole !== undefined) expect(entries.slice(0, whole.length)).toEqual(whole)
      })
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void decode(bytes)))
    expect(decode(Uint8Array.of(9))).toBeUndefined()
    const tooLong = encode({ _tag: "Sent", id: idOf(1), nick: "b", text: "x".repeat(MAX_MESSAGE + 1), at: 1 })
    expect(decode(tooLong)).toBeUndefined()
  })
})
