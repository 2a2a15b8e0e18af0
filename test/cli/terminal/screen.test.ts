import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Screen } from "../../../src/cli/terminal/Screen.js"
import { FakeScreen } from "./FakeScreen.js"

const size = { columns: 20, rows: 12 }
const step = fc.record({
  lines: fc.array(fc.constantFrom("short", "x".repeat(20), "a line that is longer than the screen is wide", ""), {
    maxLength: 3
  }),
  before: fc.string({ unit: fc.constantFrom("a", "漢", "é", "\u001b", "\n", " "), maxLength: 60 }),
  after: fc.string({ unit: fc.constantFrom("b", "字", "\u202e"), maxLength: 20 })
})

describe("Screen", () => {
  it("shows the printed lines in order and the prompt once, below them", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const screen = new Screen()
        const fake = new FakeScreen(size.columns)
        const printed = new FakeScreen(size.columns)
        for (const { lines, before, after } of steps) {
          fake.write(screen.draw(lines, { prompt: "> ", before, after }, size))
          for (const line of lines) printed.write(`${line}\r\n`)
        }
        fake.write(screen.wipe(size))
        expect(fake.text()).toEqual(printed.text())
        expect(fake.cursor).toEqual(printed.cursor)
      })
    )
  })

  it("puts the cursor behind what was typed before it", () => {
    fc.assert(
      fc.property(step, ({ before, after }) => {
        const plain = before.replace(/\p{Cc}/gu, "a")
        const fake = new FakeScreen(size.columns)
        fake.write(new Screen().draw([], { prompt: "> ", before: plain, after }, size))
        const alone = new FakeScreen(size.columns)
        alone.write(`> ${plain}`)
        const [row, column] = alone.cursor
        const expected = column === size.columns ? [row + 1, 0] : [row, column]
        expect(fake.cursor).toEqual(expected)
      })
    )
  })

  it("never draws more rows than the screen has, whatever is pasted", () => {
    const fake = new FakeScreen(20)
    const screen = new Screen()
    fake.write(screen.draw([], { prompt: "> ", before: "x\n".repeat(50), after: "y".repeat(900) }, size))
    expect(fake.text().length).toBeLessThan(size.rows)
    fake.write(screen.wipe(size))
    expect(fake.text()).toEqual([])
  })

  it("shows the part of a long text that the cursor is in, at the price of that part", () => {
    const words = Array.from({ length: 9_000 }, (_, i) => `w${i}`).join(" ")
    for (const at of [words.length, words.length >> 1, 10]) {
      const fake = new FakeScreen(20)
      const drawn = new Screen().draw([], { prompt: "> ", before: words.slice(0, at), after: words.slice(at) }, size)
      expect(drawn.length).toBeLessThan(2 * size.columns * size.rows)
      fake.write(drawn)
      expect(fake.text().join("")).toContain(words.slice(Math.max(0, at - 40), at).trim())
    }
  })

  it("finds its lines again after the terminal became narrower and wrapped them", () => {
    const screen = new Screen()
    screen.draw([], { prompt: "> ", before: "x".repeat(30), after: "" }, { columns: 20, rows: 12 })
    // 20 and 12 cells became 3 and 2 rows of 8; the cursor, behind the last cell, is on the second of the latter.
    expect(screen.wipe({ columns: 8, rows: 12 })).toBe("\u001b[4A\r\u001b[J")
  })
})
