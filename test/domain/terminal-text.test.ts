import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as SafeText from "../../src/domain/SafeText.js"
import * as TerminalText from "../../src/domain/TerminalText.js"
import { some } from "../support/Effort.js"

const ESC = "\u001b"
const ALL = { colors: true, cursor: true }
const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom("\u001b", "\u009b", "[", "]", "0", "2", ";", "m", "J", "H", "A", "?", "\r", "\u202e")
  })
)

describe("text for a terminal", () => {
  test("has no control, format, separator or invisible character but line feeds", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const out = TerminalText.plain(text)
        expect(out.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\u115F\u3164]/u)
        expect(out).not.toMatch(/[\u061C\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF]/u)
        expect(TerminalText.plain(out)).toBe(out)
      }),
      { numRuns: some(2000) }
    )
  })

  test("keeps whatever is clean, with the colours around it", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const clean = SafeText.line(text)
        expect(TerminalText.plain(clean)).toBe(clean)
        const painted = `\r\u001b[J\u001b[1;31m${clean}\u001b[0m\n`
        expect(TerminalText.painted(painted, ALL)).toBe(painted)
      }),
      { numRuns: some(2000) }
    )
  })

  test("has only the sequences that a screen is drawn with", () => {
    const ours = new RegExp(`${ESC}\\[(?:[0-9;]*m|[0-9]+[ACL]|[HJK]|2J|\\?(?:1004|2004|2026)[hl])|\r|\n`, "g")
    const colours = new RegExp(`${ESC}\\[[0-9;]*m|\n`, "g")
    fc.assert(
      fc.property(texts, (text) => {
        expect(TerminalText.painted(text, ALL).replace(ours, "")).not.toMatch(/\p{Cc}/u)
        expect(TerminalText.painted(text, { colors: true, cursor: false }).replace(colours, "")).not.toMatch(/\p{Cc}/u)
        const bare = TerminalText.painted(text, { colors: false, cursor: false })
        expect(TerminalText.plain(bare)).toBe(bare)
      }),
      { numRuns: some(2000) }
    )
  })

  test("lets a link through that is named by its own address, and no other", () => {
    const link = (address: string, name: string) => `see ${ESC}]8;;${address}${ESC}\\${name}${ESC}]8;;${ESC}\\ there`
    const honest = link("https://example.org/a?b=1", "https://example.org/a?b=1")
    expect(TerminalText.painted(honest, ALL)).toBe(honest)
    for (const text of [
      link("https://evil.example/", "https://example.org/"),
      link("https://example.org/a", "https://example.org/"),
      link("file:///etc/passwd", "file:///etc/passwd"),
      link("https://example.org/\u202e", "https://example.org/\u202e")
    ])
      expect(TerminalText.painted(text, ALL)).not.toContain(ESC)
    expect(TerminalText.painted(honest, { colors: true, cursor: false })).not.toContain(ESC)
  })

  test.each([
    ["a title", "\u001b]0;owned\u0007"],
    ["a title in C1", "\u009d0;owned\u009c"],
    ["the clipboard", "\u001b]52;c;aGk=\u0007"],
    ["a reset", "\u001bc"],
    ["an answer to be typed", "\u001b[6n"],
    ["another screen", "\u001b[?1049h"],
    ["a cursor in C1", "\u009b2J"]
  ])("has none of the others: %s", (_, text) => {
    expect(TerminalText.painted(text, ALL)).not.toMatch(/\p{Cc}/u)
    expect(TerminalText.plain(text)).not.toMatch(/\p{Cc}/u)
  })
})
