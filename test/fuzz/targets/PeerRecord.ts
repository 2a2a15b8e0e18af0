import * as assert from "node:assert/strict"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"
import { bytes } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

const { publicKey, secretKey } = crypto.signKeyPair(new Uint8Array(32).fill(1))
const record = fc.record({
  nick: fc.fullUnicodeString({ minLength: 1, maxLength: 40 }),
  identity: fc.constant(publicKey),
  staticKey: bytes(32),
  sequence: fc.maxSafeNat(),
  expiry: fc.maxSafeNat()
})

export const target: Target = {
  about: ["src/protocol/PeerRecord.ts"],
  inputs: record.map((each) => PeerRecord.sign(crypto, secretKey, each)!),
  most: PeerRecord.MAX_RECORD + 10,
  run: (input) => {
    const read = PeerRecord.decode(input)
    const verdict = PeerRecord.verify(crypto, input, 1_000)
    if (read === undefined) return []
    assert.ok(input.length <= PeerRecord.MAX_RECORD)
    const again = PeerRecord.sign(crypto, secretKey, read)
    assert.ok(again, "what was read can be written")
    assert.deepStrictEqual(PeerRecord.decode(again), read)
    assert.deepStrictEqual(again.slice(0, -64), input.slice(0, -64), "there is one way to write a record")
    return [Either.match(verdict, { onLeft: ({ reason }) => reason, onRight: () => "good" })]
  }
}
