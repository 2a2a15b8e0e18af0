import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Endpoint from "../../src/domain/Endpoint.js"
import { toHex, Writer } from "../../src/protocol/Bytes.js"
import * as Frame from "../../src/protocol/Frame.js"
import { some } from "../support/Effort.js"
import { frame } from "./Arbitrary.js"

const encode = (frames: ReadonlyArray<Frame.Frame>, padding = 0): Uint8Array => {
  const writer = new Writer(new Uint8Array(100_000))
  for (const each of frames) {
    Frame.write(writer, each)
    Frame.writePadding(writer, padding)
  }
  return writer.finish()!
}

describe("frames", () => {
  it("come back as they were, with any padding between them", () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 20 }), fc.integer({ min: 0, max: 64 }), (frames, padding) => {
        expect(Frame.decode(encode(frames, padding))).toEqual(frames)
      })
    )
  })

  it("have a fixed form", () => {
    const ack: Frame.Ack = {
      _tag: "Ack",
      ranges: [
        { start: 8, end: 11 },
        { start: 2, end: 5 }
      ],
      delay: 0.08
    }
    expect(toHex(encode([ack]))).toBe("030a0a01020202")
    expect(toHex(encode([{ _tag: "Stream", stream: 0, offset: 300, data: Uint8Array.of(1, 2) }]))).toBe(
      "0400412c020102"
    )
    expect(
      toHex(encode([{ _tag: "Pong", token: new Uint8Array(8).fill(7), observed: Endpoint.parse("192.0.2.1:9090") }]))
    ).toBe("02070707070707070704c00002012382")
    expect(toHex(encode([{ _tag: "Consent" }, { _tag: "Bye", code: 1 }]))).toBe("070901")
  })

  it("cost what was reckoned", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.integer({ min: 0, max: 1_200 }),
        (stream, offset, length) => {
          const data = new Uint8Array(length)
          expect(encode([{ _tag: "Stream", stream, offset, data }]).length).toBe(
            Frame.streamOverhead(stream, offset, length) + length
          )
        }
      )
    )
  })

  it("are refused when cut short, unknown or impossible", () => {
    fc.assert(
      fc.property(frame, (each) => {
        const bytes = encode([each])
        for (let length = 1; length < bytes.length; length++) {
          const cut = Frame.decode(bytes.subarray(0, length))
          expect(cut).toBeUndefined()
        }
      })
    )
    const refused = (bytes: ReadonlyArray<number>) => expect(Frame.decode(Uint8Array.from(bytes))).toBeUndefined()
    refused([10])
    refused([255])
    refused([3, 1, 0, 0, 2]) // a range that starts below zero
    refused([3, 5, 0, 1, 0, 4, 1]) // the same in the second range
    refused([3, 63, 0, 32, ...new Array(65).fill(0)]) // 33 ranges
    refused([6, 9]) // nine candidates
    refused([6, 1, 4, 192, 0, 2, 1, 0, 0]) // port 0
    refused([6, 1, 5, 192, 0, 2, 1, 1, 0, 1]) // an address of five bytes
    refused([4, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]) // an offset beyond 2^53
    refused([4, 0, 0xc0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0]) // ends beyond 2^53
  })

  it("never throw on random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const frames = Frame.decode(bytes)
        if (frames !== undefined) expect(frames.length).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: some(5_000) }
    )
  })
})
