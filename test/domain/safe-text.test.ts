import fc from "fast-check"
import stringWidth from "string-width"
import { describe, expect, it } from "vitest"
import * as SafeText from "../../src/domain/SafeText.js"

const forbidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u

// biome-ignore lint/complexity/useRegexLiterals: the flag is newer than the target that is compiled for.
const EMOJI = new RegExp("^\\p{RGI_Emoji}", "v")

/** Without the joiners of words and the emoji that stand there whole, as this test judges them by their graphemes. */
const withoutBelonging = (text: string): string =>
  [...new Intl.Segmenter().segment(text)]
    .map(({ segment }) => (EMOJI.test(segment) ? "" : segment))
    .join("")
    .replace(/(?<=\p{L}\p{M}*)[\u200c\u200d]/gu, "")

/** Text as an attacker would write it: every plane, and the interesting characters far more often than chance. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.string({ unit: "grapheme", maxLength: 8 }),
      fc.constantFrom(
        "\u001b[2J",
        "\u009b31m",
        "\u202e",
        "\u2066",
        "\u200b",
        "\u200d",
        "\ufe0f",
        "\u{e0041}",
        "\u0600",
        "\ufff9",
        "\u2028",
        "\u2029",
        "\ud800",
        "\udfff",
        "\ue000",
        "\u0301".repeat(9),
        "\u115f",
        "\u3164",
        "\t",
        "\r\n",
        "\n",
        "\u0085",
        "👩‍👩‍👧",
        "👍🏽",
        "🇩🇪",
        "각",
        "漢",
        "می\u200cخواهم",
        "क\u094d\u200dष",
        "\u200c",
        "❤\ufe0f",
        "\u{1f3fd}",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"
      )
    ),
    { maxLength: 30 }
  )
  .map((parts) => parts.join(""))

describe("SafeText", () => {
  it("leaves no character that a terminal could take for a command", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(withoutBelonging(SafeText.line(text))).not.toMatch(forbidden)
        for (const line of SafeText.lines(text)) expect(withoutBelonging(line)).not.toMatch(forbidden)
      })
    )
  })

  it("is idempotent", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const once = SafeText.line(text)
        expect(SafeText.line(once)).toBe(once)
      })
    )
  })

  it("takes the cells of its graphemes, one by one as together", () => {
    const segmenter = new Intl.Segmenter()
    fc.assert(
      fc.property(hostile, (text) => {
        const safe = SafeText.line(text)
        let cells = 0
        for (const { segment } of segmenter.segment(safe)) cells += stringWidth(segment)
        expect(stringWidth(safe)).toBe(cells)
      })
    )
  })

  it("never writes over what stands before it", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const safe = SafeText.line(text)
        expect(stringWidth(`x${safe}`)).toBe(1 + stringWidth(safe))
        expect(safe).not.toMatch(/\p{M}{5}/u)
      })
    )
  })

  it("bounds what it returns", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), fc.integer({ min: 2, max: 40 }), (text, max) => {
        expect(SafeText.line(text, max).length).toBeLessThanOrEqual(max)
        const lines = SafeText.lines(text, { maxLines: 3, maxLength: 100 })
        expect(lines.length).toBeLessThanOrEqual(4)
        expect(lines.length).toBeGreaterThanOrEqual(1)
      })
    )
  })

  it("shows plain and foreign text as it is", () => {
    for (const text of [
      "hello, world",
      "Grüße",
      "Привет",
      "日本語テキスト",
      "שלום",
      "مرحبا",
      "한국어",
      "नमस्ते",
      "👍 🎉",
      "🇩🇪",
      "می\u200cخواهم",
      "क\u094d\u200dष क\u094d\u200cष ന\u0d4d\u200d",
      "👨\u200d👩\u200d👧 ❤\ufe0f 👍🏽 1\ufe0f\u20e3 🏳\ufe0f\u200d🌈",
      "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"
    ])
      expect(SafeText.line(text)).toBe(text.normalize("NFC"))
  })

  it("drops joiners, selectors and skin tones that belong to nothing", () => {
    for (const [text, shown] of [
      ["a\u200db", "ab"],
      ["a\u200cb", "ab"],
      ["\u200dx\u200c", "x"],
      ["a\ufe0f", "a"],
      ["👩\u200d", "👩"],
      ["👩\u200d🚲", "👩🚲"],
      ["👍🏽🏽", "👍🏽"],
      ["ب\u200c\u200cب", "بب"]
    ])
      expect(SafeText.line(text!)).toBe(shown)
    expect(SafeText.line("👩\u200d👩\u200d👧", 6)).toBe("👩👩…")
  })

  it("shows that something was there", () => {
    expect(SafeText.line("a\u001b[31mred")).toBe("a\uFFFD[31mred")
    expect(SafeText.line("evil\u202etxt.exe")).toBe("evil\uFFFDtxt.exe")
    expect(SafeText.line("one\ntwo\tthree")).toBe("one two    three")
  })

  it("splits at every kind of line break and marks what it cut", () => {
    expect(SafeText.lines("a\nb\r\nc\u2028d")).toEqual(["a", "b", "c", "d"])
    expect(SafeText.lines("a\nb\nc", { maxLines: 2 })).toEqual(["a", "b", "…"])
    expect(SafeText.lines("")).toEqual([""])
    expect(SafeText.line("x".repeat(50), 10)).toBe(`${"x".repeat(9)}…`)
  })
})
