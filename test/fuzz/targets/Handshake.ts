import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { concat } from "../../../src/protocol/Bytes.js"
import * as Handshake from "../../../src/protocol/Handshake.js"
import { bytes, handshakePayload, u32 } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

const packet = fc
  .tuple(
    fc.oneof(
      fc.record({ type: fc.constant(Handshake.HS1), channel: bytes(8), senderIndex: u32 }),
      fc.record({ type: fc.constant(Handshake.HS2), receiverIndex: u32, senderIndex: u32 })
    ),
    fc.uint8Array({ minLength: 112, maxLength: 300 })
  )
  .map(([header, rest]) => concat([Handshake.encodeHeader(header as Handshake.HandshakeHeader)!, rest]))

/** A packet, and the same bytes as the payload that its sealed part holds. */
export const target: Target = {
  about: ["src/protocol/Handshake.ts"],
  inputs: fc.oneof(
    packet,
    packet.map((hs1) => Handshake.wrap(hs1, new Uint8Array(Handshake.MAC2_BYTES))),
    u32.map((index) => concat([Handshake.encodeRetryHeader(index, new Uint8Array(16)), new Uint8Array(32)])),
    handshakePayload.map((payload) => Handshake.encodePayload(payload)!)
  ),
  most: 1250,
  run: (input) => {
    const header = Handshake.peek(input)
    if (header !== undefined) {
      const clear = Handshake.encodeHeader(header)
      assert.ok(clear, "what was read can be written")
      assert.deepStrictEqual(input.slice(0, clear.length), clear)
      assert.ok(Handshake.noiseMessage(input).length <= input.length - clear.length)
    }
    const index = Handshake.peekRetry(input)
    if (index !== undefined) {
      assert.equal(header, undefined)
      const clear = Handshake.encodeRetryHeader(index, input.slice(5, 5 + Handshake.SALT_BYTES))
      assert.deepStrictEqual(input.slice(0, clear.length), clear)
      return ["retry"]
    }
    const wrapped = Handshake.unwrap(input)
    if (wrapped !== undefined) assert.deepStrictEqual(Handshake.wrap(wrapped.hs1, wrapped.mac2), new Uint8Array(input))
    const payload = Handshake.decodePayload(input)
    if (payload === undefined) return header === undefined ? [] : [`packet ${header.type}`]
    const again = Handshake.encodePayload(payload)
    assert.ok(again, "what was read can be written")
    assert.deepStrictEqual(Handshake.decodePayload(again), payload)
    return [`${payload.candidates.length} candidates`]
  }
}
