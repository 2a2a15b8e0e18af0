import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { Bans } from "../../../src/core/rendezvous/Bans.js"
import { Tokens } from "../../../src/core/rendezvous/Tokens.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { decodeAdminAnswer, decodeAdminRequest, encodeAdmin } from "../../../src/protocol/Admin.js"
import { toText } from "../../../src/protocol/Bytes.js"
import type { Target } from "../Target.js"

const WALL = 1_700_000_000_000
const line = fc.oneof(
  fc.constantFrom(
    { _tag: "Who", match: "a", after: 3 },
    { _tag: "Ban", what: "192.0.2.0/24", forMs: 60_000, reason: "loud" },
    { _tag: "Limits", set: { queries: { burst: 1, perSecond: 2 } } },
    { _tag: "Sessions", sessions: [{ session: "1", address: "192.0.2.1:1", since: 1 }], next: 1 },
    { what: "2001:db8::/32", since: 1, until: 2 * WALL, reason: "loud" },
    { reserved: "moonlight" },
    { released: "moonlight", at: WALL },
    { allowed: "2001:db8::/32", at: WALL },
    { revoked: "AAAAAAAA", at: WALL },
    { name: "alice", id: "AAAAAAAA", since: 1, hash: "A".repeat(43) }
  )
)

/** What an operator and a server say to each other, and the lines of the files in which it is kept. */
export const target: Target = {
  about: [
    "src/protocol/Admin.ts",
    "src/core/rendezvous/Bans.ts",
    "src/core/rendezvous/DecisionLog.ts",
    "src/core/rendezvous/Tokens.ts"
  ],
  inputs: fc.array(line, { maxLength: 4 }).map((lines) => lines.map((some) => JSON.stringify(some)).join("\n")),
  words: ["/0", "/128", "::", "1e999", "null", '"until":', '"_tag":"'],
  json: true,
  most: 2_000,
  run: (input) => {
    const text = toText(input)
    if (text === undefined) return []
    const request = decodeAdminRequest(text)
    if (request !== undefined) assert.deepStrictEqual(decodeAdminRequest(encodeAdmin(request).trim()), request)
    const answer = decodeAdminAnswer(text)
    if (answer !== undefined) assert.deepStrictEqual(decodeAdminAnswer(encodeAdmin(answer).trim()), answer)
    const bans = new Bans()
    bans.decode(text, WALL)
    const again = new Bans()
    assert.equal(again.decode(bans.encode(), WALL), 0, "what was read can be written")
    assert.equal(again.encode(), bans.encode())
    const tokens = new Tokens(crypto)
    tokens.decode(text)
    const others = new Tokens(crypto)
    assert.equal(others.decode(tokens.encode()), 0)
    assert.equal(others.encode(), tokens.encode())
    return [
      request?._tag ?? "",
      answer?._tag ?? "",
      `${Math.min(2, bans.size)} bans`,
      `${Math.min(2, tokens.size)} tokens`
    ]
  }
}
