import * as assert from "node:assert/strict"
import * as Lan from "../../../src/protocol/Lan.js"
import { lanPacket } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

export const target: Target = {
  about: ["src/protocol/Lan.ts"],
  inputs: lanPacket.map(Lan.encode),
  most: Lan.LAN_BYTES + 10,
  run: (input) => {
    const packet = Lan.decode(input)
    if (packet === undefined) return []
    assert.equal(input.length, Lan.LAN_BYTES)
    assert.deepStrictEqual(Lan.decode(Lan.encode(packet)), packet)
    return [packet.kind]
  }
}
