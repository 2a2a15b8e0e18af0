import * as assert from "node:assert/strict"
import * as Stun from "../../../src/protocol/Stun.js"
import { stunMessage } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

export const target: Target = {
  about: ["src/protocol/Stun.ts"],
  inputs: stunMessage.map((message) => Stun.encode(message)!),
  words: [Uint8Array.of(0x21, 0x12, 0xa4, 0x42), Uint8Array.of(0x80, 0x28, 0, 4), Uint8Array.of(0, 8, 0, 20)],
  most: 1600,
  run: (input) => {
    Stun.verifyIntegrity(input, new Uint8Array(4), (key) => new Uint8Array(20).fill(key[0]!))
    const message = Stun.decode(input)
    if (message === undefined) return []
    assert.ok(Stun.isStun(input))
    const { unknown, ...rest } = message
    const again = Stun.encode(rest)
    assert.ok(again, "what was read can be written")
    assert.deepStrictEqual(Stun.decode(again), { ...rest, unknown: [] })
    return [message.class, ...Object.keys(message.attributes), `unknown ${Math.min(3, unknown.length)}`]
  }
}
