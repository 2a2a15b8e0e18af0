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
    const payload = Handshake.decodePayload(input)
    if (payload === undefined) return header === undefined ? [] : [`packet ${header.type}`]
    const again = Handshake.encodePayload(payload)
    assert.ok(again, "what was read can be written")
    assert.deepStrictEqual(Handshake.decodePayload(again), payload)
    return [`${payload.candidates.length} candidates`]
  }
}
