import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Entry from "../../../src/core/journal/Entry.js"
import { entry, idOf, peerOf } from "./Arbitrary.js"

describe("journal entries", () => {
  it("are read as they were written", () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const bytes = Entry.encode(entries)
        expect(Entry.decode(bytes)).toEqual(entries)
        expect(bytes.length).toBe(entries.reduce((sum, one) => sum + Entry.sizeOf(one), 0))
      })
    )
  })

  it("are none when they are cut off, and never throw", () => {
    fc.assert(
      fc.property(entry, fc.nat(), (one, at) => {
        const bytes = Entry.encode([one])
        expect(Entry.decode(bytes.subarray(0, 1 + (at % (bytes.length - 1))))).toBeUndefined()
      })
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const entries = Entry.decode(bytes)
        if (entries !== undefined) expect(Entry.decode(Entry.encode(entries))).toEqual(entries)
      })
    )
  })

  it("reserve nothing for a number of ids that cannot follow", () => {
    const bytes = Entry.encode([{ _tag: "Shown", peer: peerOf(1), ids: [idOf(1)] }])
    const hostile = new Uint8Array([...bytes.subarray(0, 33), 0xbf, 0xff, 0xff, 0xff, ...bytes.subarray(34)])
    expect(Entry.decode(hostile)).toBeUndefined()
  })
})
