import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as NatPmp from "../../../src/protocol/NatPmp.js"
import { bytes } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

export const target: Target = {
  about: ["src/protocol/NatPmp.ts"],
  inputs: fc
    .tuple(fc.constantFrom(128, 129, 130), fc.constantFrom(0, 0, 3), fc.oneof(bytes(8), bytes(12)))
    .map(([operation, result, rest]) => Uint8Array.from([0, operation, 0, result, ...rest])),
  most: 1_200,
  run: (input) => {
    const answer = NatPmp.decode(input)
    if (answer?._tag === "Address" && answer.result === NatPmp.SUCCESS)
      assert.ok(Endpoint.make(answer.address, 1), "an address is one")
    if (answer?._tag === "Mapping")
      for (const port of [answer.internal, answer.external]) assert.ok(Number.isInteger(port) && port < 65_536)
    return answer === undefined ? [] : [answer._tag]
  }
}
