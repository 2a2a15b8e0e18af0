import { describe, expect, it } from "vitest"
import * as Glyphs from "../../../src/cli/terminal/Glyphs.js"
import * as Palette from "../../../src/cli/terminal/Palette.js"

/** Relative luminance of a colour of xterm's cube (WCAG 2.2). */
const luminance = (code: number): number => {
  const steps = [0, 95, 135, 175, 215, 255].map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const at = code - 16
  const [red, green, blue] = [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((step) => steps[step]!)
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

describe("colours", () => {
  it("can be read on black and on white", () => {
    for (const code of [...Palette.NICK_CODES, Palette.WARNING_CODE]) {
      expect((luminance(code) + 0.05) / 0.05).toBeGreaterThanOrEqual(3)
      expect(1.05 / (luminance(code) + 0.05)).toBeGreaterThanOrEqual(3)
    }
  })

  it("are those of the key, where it is known, however the nickname is spelled", () => {
    const palette = Palette.make(true, 8)
    const before = palette.nick("bob")
    palette.knows("alice", "12345 67890")
    palette.knows("Bob", "12345 67890")
    const colour = (painted: string) => painted.split("m")[0]
    expect(colour(palette.nick("bob"))).toBe(colour(palette.nick("alice")))
    expect(colour(palette.nick("bob"))).not.toBe(colour(before))
  })

  it("warn in another one on a light ground, where there are sixteen", () => {
    const palette = Palette.make(true)
    const dark = palette.warn("x")
    palette.on(0.9)
    expect(palette.warn("x")).not.toBe(dark)
    expect(Palette.make(false).warn("x")).toBe("x")
  })
})

describe("signs without Unicode", () => {
  it("are plain, and as wide as before where rows are drawn", () => {
    expect(Glyphs.ascii("alice → bob ✓ …")).toBe("alice -> bob (verified) ...")
    expect(Glyphs.asciiRow("[1] x ███░░ … 3 s").length).toBe("[1] x ███░░ … 3 s".length)
    expect(Glyphs.asciiRow("→✓…█░─")).toMatch(/^[ -~]+$/)
  })
})
