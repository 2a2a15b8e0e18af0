import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as DataPacket from "../../../src/protocol/DataPacket.js"
import { u32 } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

export const target: Target = {
  about: ["src/protocol/DataPacket.ts"],
  inputs: fc.tuple(u32, fc.maxSafeNat(), fc.nat(100)).map(([index, counter, length]) => {
    const packet = new Uint8Array(DataPacket.OVERHEAD + length)
    DataPacket.writeHeader(packet, index, counter)
    return packet
  }),
  most: DataPacket.MAX_PACKET + 50,
  run: (input) => {
    const header = DataPacket.readHeader(input)
    if (header === undefined) return []
    const again = new Uint8Array(DataPacket.HEADER_BYTES)
    DataPacket.writeHeader(again, header.receiverIndex, header.counter)
    assert.deepStrictEqual(input.slice(0, DataPacket.HEADER_BYTES), again)
    return []
  }
}
