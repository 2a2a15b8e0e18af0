import { describe, expect, it } from "vitest"
import { Frame } from "../../../src/cli/terminal/Frame.js"
import { layOut } from "../../../src/cli/terminal/Layout.js"
import * as Links from "../../../src/cli/terminal/Links.js"
import * as TerminalText from "../../../src/domain/TerminalText.js"
import { VirtualScreen } from "./VirtualScreen.js"

describe("links", () => {
  it("are what they are called, without what stands around them in a sentence", () => {
    const link = (address: string) => `\u001b]8;;${address}\u001b\\${address}\u001b]8;;\u001b\\`
    expect(Links.marked("see https://example.org/a_(b).")).toBe(`see ${link("https://example.org/a_(b")}).`)
    expect(Links.marked("<ftp://a.b/c>, http://d.e/f?g=1&h=2")).toBe(
      `<${link("ftp://a.b/c")}>, ${link("http://d.e/f?g=1&h=2")}`
    )
    for (const text of ["no address: //here", "javascript://x", "file:///etc/passwd", "xhttps://a.b/"])
      expect(Links.marked(text)).toBe(text)
  })

  it("are marked where the terminal is known to know them, and look the same everywhere", () => {
    const size = { columns: 30, rows: 8 }
    const line = "bob: https://example.org/a/path/that/is/longer/than/a/row"
    const draw = (name: string) => {
      const frame = new Frame()
      frame.knows(name)
      const bottom = layOut({ prompt: "> ", before: "draft", after: "" }, size)
      const out = frame.draw([], bottom, size) + frame.draw([line], bottom, size)
      expect(TerminalText.painted(out, { colors: true, cursor: true })).toBe(out)
      const screen = new VirtualScreen(size.columns, size.rows)
      screen.write(out)
      return { hasLinks: out.includes("\u001b]8;;"), text: screen.text() }
    }
    const plain = draw("XTerm(389)")
    expect(plain.hasLinks).toBe(false)
    for (const name of ["kitty(0.35.2)", "tmux 3.4", "VTE(7600)", "WezTerm 20240203"])
      expect(draw(name)).toEqual({ hasLinks: true, text: plain.text })
    for (const name of ["tmux 3.3a", "VTE(4800)", "xterm.js(5.5.0)", ""]) expect(draw(name).hasLinks).toBe(false)
  })
})
