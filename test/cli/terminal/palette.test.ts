import { describe, expect, it } from "vitest"
import * as Glyphs from "../../../src/cli/terminal/Glyphs.js"
import * as Palette from "../../../src/cli/terminal/Palette.js"
import * as TerminalText from "../../../src/domain/TerminalText.js"

/** A colour of xterm's cube. */
const inCube = (code: number): readonly [number, number, number] => {
  const at = code - 16
  const step = (part: number) => [0, 95, 135, 175, 215, 255][part]!
  return [step(Math.floor(at / 36)), step(Math.floor(at / 6) % 6), step(at % 6)]
}

const contrasts = (color: readonly [number, number, number]) => {
  const bright = Palette.luminance(color)
  return { onBlack: (bright + 0.05) / 0.05, onWhite: 1.05 / (bright + 0.05) }
}

describe("colours", () => {
  it("are written where there is something to paint, and ended in as few bytes as they can be", () => {
    const { dim, nick } = Palette.make(true, 8)
    expect(dim("")).toBe("")
    expect(dim("14:02")).toBe("\u001b[2m14:02\u001b[m")
    expect(nick("flo").length).toBeLessThanOrEqual("flo".length + 16)
  })

  it("all pass the gate before the terminal, those of the longest names too", () => {
    for (const depth of [4, 8, 24])
      for (const ground of ["dark", "light", undefined] as const) {
        const palette = Palette.make(true, depth)
        palette.on(ground)
        const { bold, dim, nick, warn } = palette
        const all = [dim("a"), bold("a"), warn("a"), ...Array.from({ length: 320 }, (_, owner) => nick(`flo${owner}`))]
        for (const text of all) expect(TerminalText.painted(text, { colors: true, cursor: false })).toBe(text)
      }
  })

  it("can be read on black and on white", () => {
    for (const code of [...Palette.NICK_CODES, Palette.WARNING_CODE]) {
      const { onBlack, onWhite } = contrasts(inCube(code))
      expect(Math.min(onBlack, onWhite)).toBeGreaterThanOrEqual(3)
    }
  })

  it("can be read on what is known of the ground, where there are all of them", () => {
    for (let owner = 0; owner < 320; owner++) {
      expect(contrasts(Palette.trueColor(owner, "dark")).onBlack).toBeGreaterThanOrEqual(7)
      expect(contrasts(Palette.trueColor(owner, "light")).onWhite).toBeGreaterThanOrEqual(5)
      const { onBlack, onWhite } = contrasts(Palette.trueColor(owner, undefined))
      expect(Math.min(onBlack, onWhite)).toBeGreaterThanOrEqual(4.5)
    }
  })

  it("come and go as they are set", () => {
    const palette = Palette.make(false, 4)
    expect(palette.nick("bob")).toBe("bob")
    palette.uses(24)
    expect(palette.nick("bob")).toMatch(new RegExp(`^${String.fromCharCode(27)}\\[1;38;2;`))
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
    palette.on("light")
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
