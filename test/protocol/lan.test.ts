import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Lan from "../../src/protocol/Lan.js"
import { MAX_RECORD } from "../../src/protocol/PeerRecord.js"
import { bytes, lanPacket } from "./Arbitrary.js"

describe("Lan", () => {
  it("reads what it writes, always of the same size", () => {
    fc.assert(
      fc.property(lanPacket, (packet) => {
        const data = Lan.encode(packet)
        expect(data).toHaveLength(Lan.LAN_BYTES)
        expect(Lan.decode(data)).toEqual(packet)
      })
    )
  })

  it("reads nothing from noise, and never throws", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2 * Lan.LAN_BYTES }), (data) => void Lan.decode(data)))
    fc.assert(
      fc.property(bytes(Lan.LAN_BYTES), (data) => {
        const decoded = Lan.decode(Uint8Array.from([6, ...data.subarray(1)]))
        if (decoded !== undefined) expect(decoded.record.length).toBeLessThanOrEqual(MAX_RECORD)
      })
    )
  })

  it("derives the same introduction on both sides, and another one for other nonces", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), bytes(16), bytes(16), (a, b, one, two) => {
        fc.pre(a.join() !== b.join() && one.join() !== two.join())
        const left = { identity: a, nonce: one }
        const right = { identity: b, nonce: two }
        const both = Lan.introduce(crypto, left, right)
        expect(Lan.introduce(crypto, right, left)).toEqual(both)
        expect(both.channel).toHaveLength(8)
        expect(both.pairKey).toHaveLength(32)
        expect(Lan.introduce(crypto, left, { identity: b, nonce: one })).not.toEqual(both)
      })
    )
  })
})
