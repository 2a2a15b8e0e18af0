import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as SafeText from "../../../src/domain/SafeText.js"
import * as TerminalText from "../../../src/domain/TerminalText.js"
import type { Target } from "../Target.js"
import { check } from "./SafeText.js"

/** Colours, and what moves the cursor: all that may be left of escapes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the sequences' own characters.
const COLOR = /\u001b\[[0-9;]*m/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the sequences' own characters.
const CURSOR = /\u001b\[(?:\d+[ACL]|[HJK]|2J|\?(?:1004|2004|2026)[hl])|\r/g

/** The last gate before a terminal. */
export const target: Target = {
  about: ["src/domain/TerminalText.ts"],
  inputs: fc.fullUnicodeString({ maxLength: 40 }),
  words: [
    "\u001b[31m",
    "\u001b[2J",
    "\u001b[3A",
    "\u001b]0;x\u0007",
    "\u009b2J",
    "\u001b[?2004h",
    "\r",
    "\u202e",
    "👩‍👩‍👧",
    "\u001b["
  ],
  most: 400,
  run: (input) => {
    const text = Buffer.from(input).toString()
    const plain = TerminalText.plain(text)
    check(plain.replaceAll("\n", ""))
    for (const line of SafeText.lines(text)) assert.equal(TerminalText.plain(line), line, "what is safe stays as it is")
    for (const colors of [false, true]) {
      for (const cursor of [false, true]) {
        let painted = TerminalText.painted(text, { colors, cursor })
        assert.equal(TerminalText.painted(painted, { colors, cursor }), painted)
        if (colors) painted = painted.replace(COLOR, "")
        if (cursor) painted = painted.replace(CURSOR, "")
        check(painted.replaceAll("\n", ""))
      }
    }
    return []
  }
}
