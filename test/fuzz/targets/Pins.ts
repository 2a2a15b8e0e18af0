import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { Pins } from "../../../src/core/client/Pins.js"
import { Fingerprint } from "../../../src/domain/Fingerprint.js"
import { peerIdOf } from "../../../src/domain/PeerId.js"
import type { Target } from "../Target.js"

const pin = fc.record({
  nick: fc.string({ maxLength: 20 }),
  identity: fc.nat(9).map((n) => peerIdOf(new Uint8Array(32).fill(n))),
  fingerprint: fc.constant(Fingerprint.make("12345 67890 12345 67890 12345 67890")),
  firstSeen: fc.nat()
})

/** The file of the people whom one knows. */
export const target: Target = {
  about: ["src/core/client/Pins.ts"],
  inputs: fc.dictionary(fc.string({ maxLength: 10 }), pin, { maxKeys: 4 }).map((table) => {
    const pins = Pins.empty()
    for (const [key, value] of Object.entries(table)) pins.set(key, value)
    return JSON.stringify(JSON.parse(pins.encode()))
  }),
  words: ['"version":1', '"peers":[', '"key":"', '"firstSeen":', "1e999", "-1e999"],
  json: true,
  most: 2_000,
  run: (input) => {
    const pins = Pins.decode(Buffer.from(input).toString())
    if (pins === undefined) return []
    const text = pins.encode()
    assert.equal(Pins.decode(text)?.encode(), text, "what was read can be written")
    return ["good"]
  }
}
