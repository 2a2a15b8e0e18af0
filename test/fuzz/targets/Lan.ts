import * as assert from "node:assert/strict"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Lan from "../../../src/protocol/Lan.js"
import { lanPacket } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

const keys = crypto.signKeyPair(new Uint8Array(32).fill(1))

/** All but the signature, which is ours in what we encode. */
const claimsOf = (packet: Lan.Decoded | undefined) => ({ ...packet, signature: undefined })

export const target: Target = {
  about: ["src/protocol/Lan.ts"],
  inputs: lanPacket.map((packet) => Lan.encode(crypto, packet, keys.secretKey)),
  most: Lan.LAN_BYTES + 10,
  run: (input) => {
    const packet = Lan.decode(input)
    if (packet === undefined) return []
    assert.equal(input.length, Lan.LAN_BYTES)
    const again = Lan.decode(Lan.encode(crypto, packet, keys.secretKey))
    assert.deepStrictEqual(claimsOf(again), claimsOf(packet))
    return [packet.kind]
  }
}
