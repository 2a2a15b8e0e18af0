import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Frame } from "../../../src/cli/terminal/Frame.js"
import { type InputView, layOut } from "../../../src/cli/terminal/Layout.js"
import * as Reflow from "../../../src/cli/terminal/Reflow.js"
import * as TerminalText from "../../../src/domain/TerminalText.js"
import { full, some } from "../../support/Effort.js"
import { VirtualScreen } from "./VirtualScreen.js"

const WIDTHS = Array.from({ length: 34 }, (_, i) => 12 + 2 * i)
/** 1,190 pairs with the widths; a sixth of them in the quick run. */
const DRAFTS = Array.from({ length: 35 }, (_, i) => 7 * i).filter((_, i) => full || i % 6 === 1)
const NAMES: Readonly<Record<Reflow.Reflow, string>> = {
  all: "tmux 3.3a",
  notCursor: "xterm.js(6.0.0)",
  none: "XTerm(379)"
}
const BEFORE = { columns: 80, rows: 24 }

/** What becomes of a draft below messages when the window is dragged through `widths`. */
const resize = (
  way: Reflow.Reflow,
  widths: ReadonlyArray<number>,
  {
    after = "",
    draft,
    knows = false,
    messages = 30
  }: { draft: string; after?: string; knows?: boolean; messages?: number }
) => {
  const screen = new VirtualScreen(BEFORE.columns, BEFORE.rows, way)
  const frame = new Frame()
  if (knows) frame.knows(NAMES[way])
  const view: InputView = { status: ["s".repeat(50)], prompt: "", before: draft, after }
  const lines = Array.from({ length: messages }, (_, i) => `m${i} ${"#".repeat((i * 37) % 79)}`)
  screen.write(frame.draw(lines, layOut(view, BEFORE), BEFORE))
  for (const columns of widths) screen.resize(columns, BEFORE.rows)
  const size = { columns: widths.at(-1)!, rows: BEFORE.rows }
  const left = messagesOf(screen)
  const erasing = frame.resized(screen.position, Math.min(...widths), size)
  // What is written passes as it is; else it would stand on the screen.
  expect(TerminalText.painted(erasing, { colors: true, cursor: true })).toBe(erasing)
  screen.write(erasing)
  const bottom = layOut({ ...view, status: ["s".repeat(Math.min(50, size.columns - 1))] }, size)
  screen.write(frame.draw([], bottom, size))
  return { screen, left, kept: messagesOf(screen), bottom }
}

const messagesOf = (screen: VirtualScreen) => screen.text().filter((row) => /^[m0-9# ]+$/.test(row))

describe("a window that changes its width", () => {
  for (const way of Reflow.ANY)
    it(`never loses a row of the conversation, in any width, below any draft, where ${way} of the rows are wrapped anew`, () => {
      let lost = 0
      for (const columns of WIDTHS)
        for (const length of DRAFTS)
          for (const messages of [3, 30]) {
            const { kept, left } = resize(way, [columns], { draft: "d".repeat(length), messages })
            if (kept.join("\n") !== left.join("\n")) lost++
          }
      expect(lost).toBe(0)
    })

  for (const way of Reflow.ANY)
    it(`leaves no copy of the draft either where the terminal is known, and wraps ${way} anew`, () => {
      let copies = 0
      for (const columns of WIDTHS)
        for (const length of DRAFTS) {
          // xterm.js leaves a cursor that stood behind the new edge where no other terminal does.
          if (way === "all" && length % BEFORE.columns >= columns) continue
          const { bottom, kept, left, screen } = resize(way, [columns], { draft: "d".repeat(length), knows: true })
          expect(kept).toEqual(left)
          const rows = screen.text().filter((row) => /^[sd]/.test(row)).length
          if (rows !== bottom.rows.filter((row) => row.width > 0).length) copies++
        }
      expect(copies).toBe(0)
    })

  it("never loses a row when it is dragged, with wide characters and the cursor anywhere", () => {
    const text = fc.string({ unit: fc.constantFrom("d", "d", "漢", " ", "é"), maxLength: 200 })
    fc.assert(
      fc.property(
        fc.constantFrom(...Reflow.ANY),
        fc.array(fc.integer({ min: 5, max: 130 }), { minLength: 1, maxLength: 4 }),
        text,
        text,
        fc.nat(40),
        (way, widths, draft, after, messages) => {
          const { kept, left } = resize(way, widths, { draft, after, messages })
          expect(kept).toEqual(left)
        }
      ),
      { numRuns: some(400) }
    )
  })
})
