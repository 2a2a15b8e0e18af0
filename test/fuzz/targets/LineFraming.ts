import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { LineReader } from "../../../src/cli/LineReader.js"
import { type Line, LineFraming } from "../../../src/protocol/LineFraming.js"
import { cuts } from "../Cuts.js"
import type { Target } from "../Target.js"

const MAX = 40

const framed = (pieces: ReadonlyArray<Uint8Array>): ReadonlyArray<Line> => {
  const framing = new LineFraming(MAX)
  const lines: Array<Line> = []
  for (const piece of pieces) {
    framing.push(piece)
    for (let line = framing.next(); line !== undefined; line = framing.next()) lines.push(line)
    assert.ok(!framing.pending)
  }
  return lines
}

const typed = (pieces: ReadonlyArray<Uint8Array>) => {
  const reader = new LineReader(MAX)
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()]
}

/** Both readers of lines: of the control link, and of standard input. */
export const target: Target = {
  about: ["src/protocol/LineFraming.ts", "src/cli/LineReader.ts"],
  inputs: fc
    .tuple(fc.nat(255), fc.array(fc.fullUnicodeString({ maxLength: 60 }), { maxLength: 6 }))
    .map(([cut, lines]) => Uint8Array.from([cut, ...Buffer.from(lines.join("\n"))])),
  words: ["\n", "\r\n", "\r", "\u{1f600}", Uint8Array.of(0xef, 0xbb, 0xbf), "x".repeat(MAX)],
  most: 400,
  run: (input) => {
    const { pieces, whole } = cuts(input)
    const lines = framed(pieces)
    assert.deepStrictEqual(framed([whole]), lines, "it does not matter where a stream is cut")
    assert.deepStrictEqual(typed([whole]), typed(pieces), "it does not matter where a stream is cut")
    const broken = lines.findIndex(({ _tag }) => _tag === "TooLarge")
    assert.ok(broken === -1 || broken === lines.length - 1, "nothing follows a line that is too long")
    for (const line of lines) if (line._tag === "Text") assert.ok(Buffer.byteLength(line.text) <= MAX)
    return [...new Set([...lines, ...typed(pieces)].map(({ _tag }) => _tag))]
  }
}
