import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as ClassicStun from "../../../src/protocol/ClassicStun.js"
import * as Stun from "../../../src/protocol/Stun.js"
import { bytes } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

const attribute = fc
  .tuple(fc.constantFrom(1, 2, 3, 6, 7, 8, 0x8022), fc.constantFrom(4, 4, 8), fc.nat(255))
  .map(([type, length, flags]) => [type >> 8, type & 255, 0, length, ...new Array(length - 1).fill(0), flags])

export const target: Target = {
  about: ["src/protocol/ClassicStun.ts"],
  inputs: fc.tuple(bytes(16), fc.array(attribute, { maxLength: 5 })).map(([id, attributes]) => {
    const body = attributes.flat()
    return Uint8Array.from([0, 1, body.length >> 8, body.length, ...id, ...body])
  }),
  words: [Uint8Array.of(0x21, 0x12, 0xa4, 0x42)],
  most: 1_600,
  run: (input) => {
    const request = ClassicStun.decodeRequest(input)
    if (request === undefined) return []
    assert.ok(!Stun.isStun(input), "no message is of both kinds")
    const answer = ClassicStun.encodeUnknownAttributes(request.transactionId, request.unknown)
    assert.ok(request.unknown.length === 0 || answer.length <= 2 * input.length + 20)
    return [`unknown ${Math.min(3, request.unknown.length)}`, JSON.stringify(request.changeRequest)]
  }
}
