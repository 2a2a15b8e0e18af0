import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type LogContent, MAX_BLOCK, read, SALT_BYTES, SealedLogWriter } from "../../../src/core/journal/SealedLog.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { concat, fromText } from "../../../src/protocol/Bytes.js"

const secret = new Uint8Array(32).fill(7)
const salt = new Uint8Array(SALT_BYTES).fill(9)
const HEADER = 18 + SALT_BYTES

const fileOf = (blocks: ReadonlyArray<Uint8Array>, salted = salt): Uint8Array => {
  const writer = new SealedLogWriter(crypto, secret, salted)
  return concat([writer.header(), ...blocks.map((block) => writer.seal(block))])
}
const whole = (blocks: ReadonlyArray<Uint8Array>): LogContent => ({ _tag: "Log", blocks, damaged: false })
const blocks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 5 })

describe("a sealed log", () => {
  it("gives back what was sealed", () => {
    fc.assert(
      fc.property(blocks, (all) => {
        expect(read(crypto, secret, fileOf(all))).toEqual(whole(all))
      })
    )
    const largest = new Uint8Array(MAX_BLOCK).fill(1)
    const content = read(crypto, secret, fileOf([largest, largest]))
    expect(content._tag === "Log" && content.blocks.map((block) => Buffer.compare(block, largest))).toEqual([0, 0])
  })

  it("loses, torn at any byte, no block that was whole", () => {
    const all = ["first", "the second one", "third"].map(fromText)
    const file = fileOf(all)
    const ends = all.map((_, i) => fileOf(all.slice(0, i + 1)).length)
    for (let length = HEADER; length <= file.length; length++) {
      const kept = ends.filter((end) => end <= length).length
      expect(read(crypto, secret, file.slice(0, length)), `${length} bytes`).toEqual(whole(all.slice(0, kept)))
      const zeroed = concat([file.slice(0, length), new Uint8Array(10)])
      if (ends.includes(length)) expect(read(crypto, secret, zeroed)).toEqual(whole(all.slice(0, kept)))
    }
  })

  it("leaves out a block with a flipped bit, and says so", () => {
    const all = ["first", "the second one", "third"].map(fromText)
    const file = fileOf(all)
    const [, second] = [fileOf(all.slice(0, 1)).length, fileOf(all.slice(0, 2)).length]
    for (let at = fileOf(all.slice(0, 1)).length + 4; at < second; at++) {
      const flipped = file.slice()
      flipped[at]! ^= 1 << (at % 8)
      expect(read(crypto, secret, flipped)).toEqual({ _tag: "Log", blocks: [all[0], all[2]], damaged: true })
    }
  })

  it("believes nothing that is not as it was sealed", () => {
    fc.assert(
      fc.property(blocks, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, place, mask) => {
        const file = fileOf(all)
        file[place % file.length]! ^= mask
        const content = read(crypto, secret, file)
        if (content._tag === "Foreign") return
        let at = -1
        for (const block of content.blocks) {
          at = all.indexOf(all.find((one, index) => index > at && Buffer.compare(one, block) === 0)!, at + 1)
          expect(at).toBeGreaterThanOrEqual(0)
        }
        expect(content.blocks.length).toBeLessThanOrEqual(all.length)
      })
    )
  })

  it("never throws", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void read(crypto, secret, bytes)))
    const header = new SealedLogWriter(crypto, secret, salt).header()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(read(crypto, secret, concat([header, bytes]))).toMatchObject({ _tag: "Log", blocks: [] })
      })
    )
  })

  it("is sealed: with another secret or another salt there is nothing, and no two files share a key stream", () => {
    const all = [new Uint8Array(100)]
    expect(read(crypto, new Uint8Array(32), fileOf(all))).toEqual({ _tag: "Log", blocks: [], damaged: true })
    const [one, other] = [fileOf(all), fileOf(all, new Uint8Array(SALT_BYTES).fill(8))]
    expect(Buffer.compare(one.subarray(HEADER + 4), other.subarray(HEADER + 4))).not.toBe(0)
    const twice = fileOf([...all, ...all]).subarray(HEADER)
    const half = twice.length / 2
    expect(Buffer.compare(twice.subarray(4, half), twice.subarray(half + 4))).not.toBe(0)
  })

  it("tells other files and later versions from its own, and takes an empty file for an empty log", () => {
    for (const text of ["parley-journal-v2\nwhatever it may hold", "{}", "parley-identity-v1 AAAA"])
      expect(read(crypto, secret, fromText(text))).toEqual({ _tag: "Foreign" })
    expect(read(crypto, secret, new Uint8Array(0))).toEqual(whole([]))
    expect(read(crypto, secret, fromText("parley-journal-v1\nshort"))).toMatchObject({ blocks: [], damaged: true })
  })
})
