import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Lan from "../../src/protocol/Lan.js"
import { some } from "../support/Effort.js"
import { bytes, lanCard, lanPacket } from "./Arbitrary.js"

const keys = crypto.signKeyPair(new Uint8Array(32).fill(1))

describe("Lan", () => {
  it("reads what it writes, always of the same size", () => {
    fc.assert(
      fc.property(lanPacket, (packet) => {
        const data = Lan.encode(crypto, packet, keys.secretKey)
        expect(data).toHaveLength(Lan.LAN_BYTES)
        expect(Lan.decode(data)).toMatchObject(packet)
      })
    )
  })

  it("signs every byte of a card but its padding", () => {
    fc.assert(
      fc.property(lanCard, fc.nat(Lan.LAN_BYTES - 1), (packet, index) => {
        const data = Lan.encode(crypto, packet, keys.secretKey)
        const isGood = (bytes: Uint8Array) => {
          const decoded = Lan.decode(bytes)
          if (decoded === undefined || decoded.kind === "ask") return false
          return crypto.verify(decoded.signature, decoded.signed, keys.publicKey)
        }
        expect(isGood(data)).toBe(true)
        const isPadding = index >= 140 + packet.record.length
        data[index]! ^= 1
        expect(isGood(data)).toBe(isPadding)
      }),
      { numRuns: some(400) }
    )
  })

  it("reads nothing from noise, nor packets of version 1, and never throws", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2 * Lan.LAN_BYTES }), (data) => void Lan.decode(data)))
    fc.assert(
      fc.property(bytes(Lan.LAN_BYTES), fc.nat(5), (data, kind) => {
        const decoded = Lan.decode(Uint8Array.from([6, kind, ...data.subarray(2)]))
        if (kind < 3) expect(decoded).toBeUndefined()
        if (decoded !== undefined && decoded.kind !== "ask") expect(decoded.record.length).toBeLessThanOrEqual(299)
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
