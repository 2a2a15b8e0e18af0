import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { KeptNames } from "../../../src/core/rendezvous/KeptNames.js"
import { toText } from "../../../src/protocol/Bytes.js"
import type { Target } from "../Target.js"

const WALL = 1_700_000_000_000
const line = fc
  .record({
    nick: fc.constantFrom("alice", "AIice", "bob", "碗", "a b", ""),
    identity: fc.constantFrom("A", "B", "C").map((character) => character.repeat(43)),
    seen: fc.oneof(fc.constant(WALL), fc.integer({ min: 0, max: 2 * WALL }))
  })
  .map((kept) => JSON.stringify(kept))

/** The file of a server's kept names. */
export const target: Target = {
  about: ["src/core/rendezvous/KeptNames.ts"],
  inputs: fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n")),
  words: ['{"nick":"', '","identity":"', '","seen":', "1e999", "-1", "0.5"],
  json: true,
  most: 2_000,
  run: (input) => {
    const text = toText(input)
    if (text === undefined) return []
    const names = new KeptNames()
    const bad = names.decode(text, WALL)
    const written = names.encode()
    const again = new KeptNames()
    assert.equal(again.decode(written, WALL), 0, "what was read can be written")
    assert.equal(again.encode(), written)
    // Nobody keeps a name for ever by a date of the future.
    const later = new KeptNames()
    later.decode(written, WALL + 2 * 182 * 86_400_000)
    assert.equal(later.size, 0)
    return [`${Math.min(3, bad)} bad`, `${names.size} names`]
  }
}
