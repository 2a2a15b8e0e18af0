import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as Handshake from "../../src/protocol/Handshake.js"
import { MAX_RECORD } from "../../src/protocol/PeerRecord.js"
import { bytes, handshakePayload, u32 } from "./Arbitrary.js"

const sample: Handshake.HandshakePayload = {
  attempt: 1,
  connection: new Uint8Array(8).fill(2),
  peerConnection: new Uint8Array(8).fill(3),
  consent: true,
  features: 4,
  creditMessages: 5,
  creditBytes: 6,
  record: Uint8Array.of(0xaa, 0xbb),
  candidates: [Endpoint.make("192.0.2.1", 0x1234)!, Endpoint.make("2001:db8::1", 7)!]
}
const FIXED = ["00000001", "02".repeat(8), "03".repeat(8), "01", "00000004", "0005", "00000006"].join("")
const RECORD = "0102aabb"

const decode = (hex: string) => Handshake.decodePayload(Bytes.fromHex(hex)!)

describe("payload", () => {
  it("comes back", () => {
    fc.assert(
      fc.property(handshakePayload, (payload) => {
        expect(Handshake.decodePayload(Handshake.encodePayload(payload)!)).toEqual(payload)
      })
    )
  })

  it("has the written layout", () => {
    expect(Bytes.toHex(Handshake.encodePayload(sample)!)).toBe(
      `${FIXED}${RECORD}0206c00002011234021220010db80000000000000000000000010007`
    )
  })

  it("ignores extensions and flags that it does not know", () => {
    const later = `${FIXED.slice(0, 40)}ff${FIXED.slice(42)}0700${RECORD}7fff03010203`
    expect(decode(later)).toEqual({ ...sample, candidates: [] })
  })

  it("refuses what is malformed", () => {
    const bad = {
      "no record": FIXED,
      "two records": FIXED + RECORD + RECORD,
      "a record longer than any": `${FIXED}01${(0x4000 + MAX_RECORD + 1).toString(16)}${"00".repeat(MAX_RECORD + 1)}`,
      "nine candidates": FIXED + RECORD + "0206c00002011234".repeat(9),
      "a candidate of five bytes": `${FIXED}${RECORD}0205c000020112`,
      "a candidate of one byte": `${FIXED}${RECORD}0201c0`,
      "a candidate without a port": `${FIXED}${RECORD}0206c00002010000`,
      "an extension cut short": `${FIXED}${RECORD}070501`,
      "half an extension's type": `${FIXED}${RECORD}40`,
      "an endless extension": `${FIXED}${RECORD}07ffffffffffffffff`,
      "fixed fields cut short": FIXED.slice(0, -2)
    }
    for (const [what, hex] of Object.entries(bad)) expect(decode(hex), what).toBeUndefined()
  })

  it("never throws", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void Handshake.decodePayload(bytes)))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (rest) => {
        Handshake.decodePayload(Bytes.concat([Bytes.fromHex(FIXED + RECORD)!, rest]))
      })
    )
  })

  it("is not made of values out of range", () => {
    const encode = (change: Partial<Handshake.HandshakePayload>) => Handshake.encodePayload({ ...sample, ...change })
    expect(encode({ attempt: 2 ** 32 })).toBeUndefined()
    expect(encode({ creditMessages: 65_536 })).toBeUndefined()
    expect(encode({ creditBytes: -1 })).toBeUndefined()
    expect(encode({ connection: new Uint8Array(7) })).toBeUndefined()
    expect(encode({ peerConnection: new Uint8Array(9) })).toBeUndefined()
    expect(encode({ record: new Uint8Array(MAX_RECORD + 1) })).toBeUndefined()
    expect(encode({ candidates: Array(9).fill(sample.candidates[0]) })).toBeUndefined()
  })
})

describe("header", () => {
  it("is peeked at as it was written", () => {
    const rest = new Uint8Array(200)
    fc.assert(
      fc.property(bytes(8), u32, u32, (channel, senderIndex, receiverIndex) => {
        const first: Handshake.HandshakeHeader = { type: Handshake.HS1, channel, senderIndex }
        const second: Handshake.HandshakeHeader = { type: Handshake.HS2, receiverIndex, senderIndex }
        for (const header of [first, second]) {
          expect(Handshake.peek(Bytes.concat([Handshake.encodeHeader(header)!, rest]))).toEqual(header)
        }
      })
    )
    expect(Bytes.toHex(Handshake.encodeHeader({ type: 1, channel: new Uint8Array(8).fill(9), senderIndex: 1 })!)).toBe(
      `01${"09".repeat(8)}00000001`
    )
    expect(Bytes.toHex(Handshake.encodeHeader({ type: 2, receiverIndex: 1, senderIndex: 2 })!)).toBe(
      "020000000100000002"
    )
  })

  it("is not made of values out of range", () => {
    expect(Handshake.encodeHeader({ type: 1, channel: new Uint8Array(7), senderIndex: 1 })).toBeUndefined()
    expect(Handshake.encodeHeader({ type: 1, channel: new Uint8Array(9), senderIndex: 1 })).toBeUndefined()
    expect(Handshake.encodeHeader({ type: 2, receiverIndex: 2 ** 32, senderIndex: 1 })).toBeUndefined()
  })

  it("is that of no other packet, and of none too short or too long to be a handshake", () => {
    const packet = (type: number, length: number) => Uint8Array.from({ length }, (_, i) => (i === 0 ? type : 0))
    // Fixed sizes without a payload: header, ephemeral key, sealed static key (HS1), tag, mac1.
    const shortest = { 1: 13 + 32 + 48 + 16 + 16, 2: 9 + 32 + 16 + 16 }
    for (const type of [1, 2] as const) {
      expect(Handshake.peek(packet(type, shortest[type]))?.type).toBe(type)
      expect(Handshake.peek(packet(type, shortest[type] - 1))).toBeUndefined()
      expect(Handshake.peek(packet(type, 1200))?.type).toBe(type)
      expect(Handshake.peek(packet(type, 1201))).toBeUndefined()
    }
    for (const type of [0, 3, 4, 255]) expect(Handshake.peek(packet(type, 300))).toBeUndefined()
    expect(Handshake.peek(new Uint8Array(0))).toBeUndefined()
  })
})
