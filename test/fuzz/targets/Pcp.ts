import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as Pcp from "../../../src/protocol/Pcp.js"
import { bytes } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

export const target: Target = {
  about: ["src/protocol/Pcp.ts"],
  inputs: fc
    .tuple(fc.constantFrom(0, 2, 2, 2), fc.constantFrom(0, 0, 3), bytes(20), bytes(36))
    .map(([version, result, header, rest]) => Uint8Array.from([version, 129, 0, result, ...header, ...rest])),
  most: 1_200,
  run: (input) => {
    const answer = Pcp.decode(input)
    if (answer?._tag === "Mapped") {
      assert.equal(answer.mapping.nonce.length, Pcp.NONCE)
      assert.equal(answer.mapping.external.family, "ipv4")
    }
    return answer === undefined ? [] : [answer._tag]
  }
}
