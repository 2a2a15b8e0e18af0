import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { MAX_DATAGRAM } from "../../../src/protocol/DataPacket.js"
import * as RelayEnvelope from "../../../src/protocol/RelayEnvelope.js"
import { bytes } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

const packet = fc.uint8Array({ maxLength: 60 })

export const target: Target = {
  about: ["src/protocol/RelayEnvelope.ts"],
  inputs: fc.oneof(
    bytes(8).map(RelayEnvelope.proof),
    fc.tuple(bytes(8), bytes(8), packet).map(([channel, token, data]) => RelayEnvelope.toServer(channel, token, data)),
    fc.tuple(bytes(8), packet).map(([channel, data]) => RelayEnvelope.fromServer(channel, data))
  ),
  most: MAX_DATAGRAM + 40,
  run: (input) => {
    const up = RelayEnvelope.readToServer(input)
    const down = RelayEnvelope.readFromServer(input)
    if (up !== undefined)
      assert.deepStrictEqual(RelayEnvelope.toServer(up.channel, up.token, up.packet), new Uint8Array(input))
    if (down !== undefined)
      assert.deepStrictEqual(RelayEnvelope.fromServer(down.channel, down.packet), new Uint8Array(input))
    const nonce = RelayEnvelope.readProof(input)
    if (nonce !== undefined) assert.deepStrictEqual(RelayEnvelope.proof(nonce), new Uint8Array(input))
    for (const read of [up, down]) if (read !== undefined) assert.ok(read.packet.length <= MAX_DATAGRAM)
    return []
  }
}
