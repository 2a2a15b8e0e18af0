import { stripVTControlCharacters } from "node:util"
import fc from "fast-check"
import stringWidth from "string-width"
import { describe, expect, it } from "vitest"
import { Frame } from "../../../src/cli/terminal/Frame.js"
import { type InputView, layOut } from "../../../src/cli/terminal/Layout.js"
import * as Palette from "../../../src/cli/terminal/Palette.js"
import * as TerminalText from "../../../src/domain/TerminalText.js"
import { some } from "../../support/Effort.js"
import { VirtualScreen } from "./VirtualScreen.js"

const size = { columns: 20, rows: 12 }
const step = fc.record({
  lines: fc.array(fc.constantFrom("short", "x".repeat(20), "a line that is longer than the screen is wide", ""), {
    maxLength: 14
  }),
  status: fc.array(fc.constantFrom("status", "a row of nineteen..", ""), { maxLength: 3 }),
  before: fc.string({ unit: fc.constantFrom("a", "漢", "é", "\u001b", "\n", " "), maxLength: 60 }),
  after: fc.string({ unit: fc.constantFrom("b", "字", "\u202e"), maxLength: 20 })
})

/** A frame on a screen. */
const at = ({ columns, rows } = size) => {
  const frame = new Frame()
  const screen = new VirtualScreen(columns, rows)
  const draw = (lines: ReadonlyArray<string>, view: InputView) => {
    const out = frame.draw(lines, layOut(view, { columns, rows }), { columns, rows })
    screen.write(out)
    return out
  }
  return { frame, screen, draw }
}

describe("Frame", () => {
  it("shows the printed lines in order and the bottom rows once, below them", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const { draw, frame, screen } = at()
        const printed = new VirtualScreen(size.columns, size.rows)
        for (const { lines, ...view } of steps) {
          draw(lines, { prompt: "> ", ...view })
          for (const line of lines) printed.write(`${line}\r\n`)
          const shown = new VirtualScreen(size.columns, size.rows)
          const bottom = layOut({ prompt: "> ", ...view }, size)
          shown.write(bottom.rows.map((row) => row.text).join("\r\n"))
          const seen = screen.seen()
          const first = screen.position.row - bottom.cursor.row
          expect(seen.slice(first, first + bottom.rows.length)).toEqual(shown.seen().slice(0, bottom.rows.length))
          expect(seen.slice(first + bottom.rows.length).join("")).toBe("")
          expect(screen.position.column).toBe(bottom.cursor.column)
        }
        screen.write(frame.wipe())
        expect(screen.text()).toEqual(printed.text())
        expect(screen.cursor[1]).toBe(0)
      }),
      { numRuns: some(300) }
    )
  })

  it("writes nothing that the gate before the terminal takes away", () => {
    const { dim, nick } = Palette.make(true, 24)
    const width = fc.record({ columns: fc.constantFrom(1, 20, 40_000), rows: fc.constantFrom(1, 12, 40_000) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), width, fc.nat(), (steps, screen, owner) => {
        const frame = new Frame()
        frame.knows("kitty(0.26.5)")
        const shown = (out: string) => expect(TerminalText.painted(out, { colors: true, cursor: true })).toBe(out)
        for (const { lines, ...view } of steps) {
          const printed = lines.map((line) => `${dim("12:00")} ${nick(`flo${owner}`)}: ${line} https://example.org/a`)
          shown(frame.draw(printed, layOut({ prompt: `${nick(`bob${owner}`)}> `, ...view }, screen), screen))
        }
        shown(frame.resized({ row: 0, column: 0 }, 20, screen))
        shown(frame.wipe())
      }),
      { numRuns: some(200) }
    )
  })

  it("has no row that is wider than the screen, whatever the prompt and the status are", () => {
    const { bold, nick } = Palette.make(true, 24)
    const words = fc.string({ unit: fc.constantFrom("a", "漢", "é", " ", "🙂"), maxLength: 70 })
    fc.assert(
      fc.property(words, words, words, fc.integer({ min: 2, max: 45 }), (prompt, status, before, columns) => {
        const view = { status: [bold(status)], prompt: `me → ${nick(prompt)}> `, before, after: "" }
        const { cursor, rows } = layOut(view, { columns, rows: 400 })
        for (const { text, width } of rows) {
          expect(width).toBeLessThanOrEqual(columns)
          expect(stringWidth(text)).toBe(width)
        }
        const bare = (text: string) => stripVTControlCharacters(text).replaceAll(" ", "")
        expect(bare(rows.map(({ text }) => text).join(""))).toBe(bare(`${status}${view.prompt}${before}`))
        expect(cursor.column).toBeLessThan(columns)
      }),
      { numRuns: some(300) }
    )
  })

  it("puts the cursor behind what was typed before it", () => {
    fc.assert(
      fc.property(step, ({ before, after }) => {
        const plain = before.replace(/\p{Cc}/gu, "a")
        const { draw, screen } = at()
        draw([], { prompt: "> ", before: plain, after })
        const alone = new VirtualScreen(size.columns, size.rows)
        alone.write(`> ${plain}`)
        const [row, column] = alone.cursor
        expect(screen.cursor).toEqual(column === size.columns ? [row + 1, 0] : [row, column])
      })
    )
  })

  it("never draws more rows than the screen has, whatever is pasted", () => {
    const { draw, frame, screen } = at()
    draw([], { prompt: "> ", before: "x\n".repeat(50), after: "y".repeat(900) })
    expect(screen.text().length).toBeLessThan(size.rows)
    screen.write(frame.wipe())
    expect(screen.text()).toEqual([])
  })

  it("shows the part of a long text that the cursor is in, at the price of that part", () => {
    const words = Array.from({ length: 9_000 }, (_, i) => `w${i}`).join(" ")
    for (const end of [words.length, words.length >> 1, 10]) {
      const { draw, screen } = at()
      const drawn = draw([], { prompt: "> ", before: words.slice(0, end), after: words.slice(end) })
      expect(drawn.length).toBeLessThan(2 * size.columns * size.rows)
      expect(screen.text().join("")).toContain(words.slice(Math.max(0, end - 40), end).trim())
    }
  })

  it("writes only what has changed", () => {
    const { draw } = at()
    const view = { status: ["status"], prompt: "> ", before: "hell", after: "" }
    draw([], view)
    expect(draw([], { ...view, before: "hello" })).toBe("\r> hello\u001b[K")
    expect(draw([], { ...view, before: "hello" })).toBe("")
    // A narrower text stands in an empty row: tmux wraps erased cells anew as well.
    expect(draw([], { ...view, before: "hell" })).toBe("\r\u001b[K> hell")
    draw([], { ...view, before: "hello" })
    const message = "09:12 flo: hello there"
    expect(draw([message], { ...view, before: "hello" }).length - message.length).toBeLessThan(60)
    // Three a row: its end, and the room for it.
    const burst = Array.from({ length: 8 }, (_, i) => `${message} ${i}`)
    const written = draw(burst, { ...view, before: "hello" }).length
    expect(written - burst.join("").length).toBeLessThan(60 + 3 * burst.length)
  })

  it("fills the scrollback with what was printed, and with no copy of the bottom rows", () => {
    const { draw, screen } = at()
    for (let i = 0; i < 40; i++) {
      for (let typed = 0; typed < 4; typed++)
        draw([], { status: ["status"], prompt: "> ", before: "d".repeat(12 * typed), after: "" })
      draw([`line ${i}`], { status: ["status"], prompt: "> ", before: "", after: "" })
    }
    expect(screen.text()).toEqual([...Array.from({ length: 40 }, (_, i) => `line ${i}`), "status", ">"])
  })

  it("never erases to the end of the screen from its top, of which tmux keeps a copy", () => {
    const { draw, frame, screen } = at()
    const drawn = [
      draw([], { prompt: "> ", before: "a\nb\nc", after: "" }),
      draw([], { prompt: "> ", before: "", after: "" })
    ]
    drawn.push(frame.wipe(), draw([], { prompt: "> ", before: "x", after: "" }))
    expect(drawn.join("")).not.toContain("J")
    expect(frame.resized(screen.position, 20, size)).not.toMatch(/^\r.\[J/)
  })
})
