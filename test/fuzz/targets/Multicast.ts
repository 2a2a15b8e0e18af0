import * as assert from "node:assert/strict"
import { decode, encode } from "dns-packet"
import * as fc from "fast-check"
import { announced, isWhole, SERVICE } from "../../../src/layers/node/Announcements.js"
import type { Target } from "../Target.js"

const name = fc.constantFrom("a", "B", "0123456789abcdef", "x y")
const records = name.chain((one) =>
  fc.constantFrom(
    { name: SERVICE, type: "PTR" as const, ttl: 120, data: `${one}.${SERVICE}` },
    { name: `${one}.${SERVICE}`, type: "SRV" as const, ttl: 120, data: { port: 5000, target: `${one}.local` } },
    { name: SERVICE, type: "PTR" as const, ttl: 0, data: `${one}.${SERVICE}` }
  )
)

/** A response of multicast DNS, read by the library that reads it in the program, and whom it announces. */
export const target: Target = {
  about: ["src/layers/node/Announcements.ts"],
  inputs: fc.array(records, { maxLength: 6 }).map((answers) => new Uint8Array(encode({ type: "response", answers }))),
  words: [`\u0007_parley\u0004_udp\u0005local\u0000`, Uint8Array.of(0xc0, 12), Uint8Array.of(0, 33, 0, 1)],
  most: 2_000,
  run: (input) => {
    if (!isWhole(input)) return ["not whole"]
    let packet: ReturnType<typeof decode>
    try {
      packet = decode(Buffer.from(input))
    } catch {
      // As `multicast-dns` does, which tells it as a warning.
      return ["no packet"]
    }
    const found = announced(packet as never)
    const count = (packet.answers ?? []).length + (packet.additionals ?? []).length
    assert.ok(found.length <= count)
    for (const one of found) {
      assert.match(one.name, /^[a-z0-9]{1,63}$/)
      assert.ok(one.port >= 0 && one.port < 65_536 && one.ttl >= 0 && one.ttl <= 86_400)
    }
    return [`${Math.min(2, found.length)} found`]
  }
}
