import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as SafeText from "../../../src/domain/SafeText.js"
import type { Target } from "../Target.js"

/** What a terminal, a log or a file name must never get. U+200C, U+200D and variation selectors may belong. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u2060\ufeff\u00ad]/u

export const check = (text: string): void => assert.ok(!UNSAFE.test(text), `unsafe: ${JSON.stringify(text)}`)

export const target: Target = {
  about: ["src/domain/SafeText.ts"],
  inputs: fc.fullUnicodeString({ maxLength: 60 }),
  words: [
    "\u001b[2J",
    "\u202e",
    "\u200d",
    "\u200c",
    "\ufe0f",
    "\u0301",
    "👩‍👩‍👧",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "🏽",
    "क्‍ष",
    "می‌خواهم",
    "\t",
    "\r\n",
    "\u2028"
  ],
  most: 1_500,
  run: (input) => {
    const text = Buffer.from(input).toString()
    const short = SafeText.line(text, 20)
    const line = SafeText.line(text)
    const lines = SafeText.lines(text, { maxLines: 5, maxLength: 200 })
    for (const one of [short, line, ...lines]) check(one)
    assert.ok(short.length <= 20 && line.length <= SafeText.MAX_LINE && lines.length >= 1 && lines.length <= 6)
    assert.equal(SafeText.line(line), line, "what is safe stays as it is")
    assert.equal(SafeText.line(short, 20), short, "what is safe stays as it is")
    for (const one of lines) assert.equal(SafeText.line(one), one)
    return []
  }
}
