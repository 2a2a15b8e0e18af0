import { stripVTControlCharacters } from "node:util"
import fc from "fast-check"
import stringWidth from "string-width"
import { describe, expect, it } from "vitest"
import * as Palette from "../../../src/cli/terminal/Palette.js"
import { flat, wrap } from "../../../src/cli/terminal/Wrap.js"

describe("Wrap", () => {
  it("leaves an address that is too long for its row in one piece, on a row of its own", () => {
    const address = `https://example.org/${"path/".repeat(12)}`
    const wrapped = (text: string) => wrap({ head: "bob: ", lines: [text] }, 40)
    expect(wrapped(`look at ${address} and tell me what you think of it`)).toEqual([
      "bob: look at",
      address,
      "     and tell me what you think of it"
    ])
    expect(wrapped(address)).toEqual(["bob:", address])
    expect(wrapped("see http://short.example now")).toEqual(["bob: see http://short.example now"])
  })

  it("sets lines in under the text, broken between words", () => {
    const nick = Palette.make(true).nick("bob")
    expect(wrap({ head: `${nick}: `, lines: ["the quick brown fox jumps over it", "", "yes"] }, 25)).toEqual([
      `${nick}: the quick brown fox`,
      "     jumps over it",
      "     ",
      "     yes"
    ])
  })

  it("puts the text below a head that leaves no room", () => {
    const head = `${"n".repeat(30)}: `
    expect(wrap({ head, lines: ["one two three four five six"] }, 30)).toEqual([
      head.trimEnd(),
      "    one two three four five",
      "    six"
    ])
  })

  it("breaks a word only where it does not fit a row", () => {
    expect(wrap({ head: "", lines: [`a ${"x".repeat(45)}`] }, 20)).toEqual([
      "a",
      "x".repeat(20),
      "x".repeat(20),
      "xxxxx"
    ])
  })

  it("keeps to the width and loses nothing but blanks", () => {
    const character = fc.constantFrom("a", "b", " ", "漢", "é", "e\u0301", "👋", "-")
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: character, maxLength: 80 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom("", "bob: ", "12:00 a long nickname: "),
        fc.integer({ min: 2, max: 90 }),
        (lines, head, columns) => {
          const rows = wrap({ head, lines }, columns)
          const text = (all: ReadonlyArray<string>) => all.join("").replaceAll(" ", "")
          expect(text(rows)).toBe(text([head, ...lines]))
          // A head that is wider than the screen is left to the terminal.
          for (const row of rows.slice(1)) expect(stringWidth(row)).toBeLessThanOrEqual(columns)
        }
      )
    )
  })

  it("breaks a remark between words, set in behind its star", () => {
    const { bold, dim } = Palette.make(true)
    expect(wrap(`${dim("*")} type ${bold("list")} to see who is there`, 24)).toEqual([
      `${dim("*")} type ${bold("list")} to see who`,
      "  is there"
    ])
    expect(wrap("*   key 12345 67890 12345, new to you", 25)).toEqual(["*   key 12345 67890", "    12345, new to you"])
    expect(wrap("* short", 7)).toEqual(["* short"])
    // What is left of a row of a list does not look like the row after it.
    expect(wrap("  bob  127.0.0.1:5000  12345 67890", 28)).toEqual(["  bob  127.0.0.1:5000  12345", "    67890"])
  })

  it("begins the colours of a broken line anew in each row, as each is drawn by itself", () => {
    const warning = Palette.make(true, 256).warn("* bob left; 3 messages kept for the return")
    const rows = wrap(warning, 24)
    expect(rows.map((row) => stripVTControlCharacters(row))).toEqual([
      "* bob left; 3 messages",
      "  kept for the return"
    ])
    const colour = warning.slice(0, warning.indexOf("*"))
    expect(colour).toContain("\u001b")
    expect(rows).toEqual([`${colour}* bob left; 3 messages\u001b[m`, `  ${colour}kept for the return\u001b[m`])
  })

  it("leaves a fingerprint in one piece, as it is to be compared", () => {
    const { bold, nick, remark } = Palette.make(true)
    const key = "07774 20871 11111 22222 33333 44444"
    for (const line of [
      remark(`  key ${key}, known since yesterday, not verified`),
      remark(`the key of ${nick("bob")} is ${bold(key)}: let people compare it`),
      `  ${nick("bob")}  ${key}  known since 9 March, verified`,
      `!!   ${bold(key)}  shown now`
    ])
      for (const columns of [40, 47, 60, 80]) {
        const rows = wrap(line, columns).map((row) => stripVTControlCharacters(row))
        expect(rows.filter((row) => row.includes(key))).toHaveLength(1)
        for (const row of rows) expect(stringWidth(row)).toBeLessThanOrEqual(columns)
      }
  })

  it("leaves a word that is wider than the screen in one piece", () => {
    const path = `/home/bob/${"x".repeat(40)}`
    expect(wrap(`* it is here: ${path} now`, 30)).toEqual(["* it is here:", `  ${path}`, "  now"])
    // Where nothing fits beside it there is nothing to set in.
    expect(wrap("* it is here", 5)).toEqual(["* it is here"])
  })

  it("prints plain lines where there is no screen", () => {
    expect(flat({ head: "bob: ", lines: ["one", "two"] })).toEqual(["bob: one", "    two"])
    expect(flat("x")).toEqual(["x"])
  })
})
