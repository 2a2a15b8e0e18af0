import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as Base64Url from "../../../src/domain/Base64Url.js"
import * as Cidr from "../../../src/domain/Cidr.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Hex from "../../../src/domain/Hex.js"
import { endpoint } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

/** Texts that are addresses, blocks of addresses, base64url or hexadecimal; bytes that are addresses. */
export const target: Target = {
  about: ["src/domain/Endpoint.ts", "src/domain/Cidr.ts", "src/domain/Base64Url.ts", "src/domain/Hex.ts"],
  inputs: fc.oneof(
    endpoint.map(Endpoint.format),
    endpoint.map(({ address }) => `${address}/24`),
    fc.uint8Array({ maxLength: 20 }).map(Base64Url.encode)
  ),
  words: ["::", "::ffff:", "%eth0", "[", "]:", "/", "0x7f", "0177", ":65536", "2002:", "fe80::", "127.0.0.1"],
  most: 100,
  run: (input) => {
    const text = Buffer.from(input).toString()
    const parsed = Endpoint.parse(text)
    const alike = Endpoint.fromBytes(input, 7)
    for (const one of [parsed, alike]) {
      if (one === undefined) continue
      assert.deepStrictEqual(Endpoint.parse(Endpoint.format(one)), one, "there is one way to write an address")
      assert.deepStrictEqual(Endpoint.fromBytes(Endpoint.toBytes(one), one.port), one)
      Endpoint.scope(one)
    }
    const block = Cidr.parse(text)
    if (block !== undefined) {
      assert.ok(Number.isInteger(block.bits) && block.bits >= 0, `${block.bits} bits`)
      assert.ok(Cidr.contains(block, block.network))
    }
    const bytes = Base64Url.decode(text)
    if (bytes !== undefined) assert.equal(Base64Url.encode(bytes), text, "there is one way to write bytes")
    const hex = Hex.decode(text)
    if (hex !== undefined) assert.equal(Hex.encode(hex), text.toLowerCase())
    return [parsed, alike, block, bytes, hex].map((one, at) => `${at} ${one !== undefined}`)
  }
}
