import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as Lines from "../../../src/core/history/InputLines.js"
import type { Target } from "../Target.js"

const line = fc.record({ conversation: fc.string({ maxLength: 10 }), text: fc.string({ maxLength: 20 }) })

/** The file of what was typed, unsealed. */
export const target: Target = {
  about: ["src/core/history/InputLines.ts"],
  inputs: fc.array(line, { maxLength: 4 }).map((lines) => Lines.toText(new Lines.InputLines(lines))),
  words: ['"version":1', '"lines":[', '"conversation":"', '"text":"'],
  json: true,
  most: 2_000,
  run: (input) => {
    const lines = Lines.fromText(Buffer.from(input).toString())
    if (lines === undefined) return []
    assert.ok(lines.all.length <= Lines.MAX_LINES, "they are bounded")
    assert.deepEqual(Lines.fromText(Lines.toText(lines))?.all, lines.all, "what was read can be written")
    return ["lines"]
  }
}
