import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { MAX_HEADER, read } from "../../../src/protocol/ProxyHeader.js"
import { endpoint } from "../../protocol/Arbitrary.js"
import { binary, binaryOf, textOf } from "../../protocol/ProxyHeaders.js"
import type { Target } from "../Target.js"

const pair = fc.tuple(endpoint, endpoint).filter(([from, to]) => from.family === to.family)

/** What a connection from a proxy begins with. */
export const target: Target = {
  about: ["src/protocol/ProxyHeader.ts"],
  inputs: fc.oneof(
    pair.map(([from, to]) => binaryOf(from, to)),
    pair.map(([from, to]) => textOf(from, to)),
    fc.constant(binary(0x20, 0, new Uint8Array(0)))
  ),
  words: ["PROXY ", "TCP4 ", "TCP6 ", "UNKNOWN", "\r\n", "::ffff:", "65536", Uint8Array.of(0x21, 0x31)],
  most: MAX_HEADER + 100,
  run: (input) => {
    const header = read(input)
    if (header._tag === "More") assert.ok(input.length < MAX_HEADER, "no more than the largest is waited for")
    if (header._tag === "Client" || header._tag === "Own") {
      assert.ok(header.length <= Math.min(input.length, MAX_HEADER))
      assert.deepStrictEqual(read(input.subarray(0, header.length)), header, "what follows does not matter")
      assert.equal(read(input.subarray(0, header.length - 1))._tag, "More", "a shorter one is not taken")
    }
    if (header._tag === "Client")
      for (const end of [header.from, header.to]) assert.deepStrictEqual(Endpoint.parse(Endpoint.format(end)), end)
    return [header._tag === "Client" ? `${header._tag} ${header.from.family}` : header._tag]
  }
}
