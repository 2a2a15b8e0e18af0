import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { encode, type Signal, throughTmux } from "../../src/domain/TerminalSignal.js"

const [ESC, BEL] = ["\u001b", "\u0007"]

const signals = fc.oneof(
  fc.record({ _tag: fc.constant("Title" as const), text: fc.string({ unit: "binary" }) }),
  fc.record({
    _tag: fc.constant("Notification" as const),
    by: fc.constantFrom("osc9" as const, "osc777" as const, "osc99" as const),
    about: fc.string({ unit: "binary" }),
    title: fc.string({ unit: "binary" }),
    text: fc.string({ unit: "binary" })
  })
)

describe("a signal", () => {
  it("has no text that could end it, or begin another one", () => {
    fc.assert(
      fc.property(signals, (signal: Signal) => {
        const strings = encode(signal, true).split(new RegExp(`${BEL}|${ESC}\\\\`))
        expect(strings.pop()).toBe("")
        // biome-ignore lint/suspicious/noControlCharactersInRegex: it is about them.
        for (const string of strings) expect(string).toMatch(/^\u001b\](?:2|9|777|99);[^\u0000-\u001f\u007f-\u009f]*$/)
      })
    )
  })

  it("keeps the title of the window once, and gives it back", () => {
    expect(encode({ _tag: "Title", text: "a" }, false)).toBe(`${ESC}[22;2t${ESC}]2;a${BEL}`)
    expect(encode({ _tag: "Title", text: "b" }, true)).toBe(`${ESC}]2;b${BEL}`)
    expect(encode({ _tag: "Title", text: undefined }, true)).toBe(`${ESC}]2;${BEL}${ESC}[23;2t`)
    expect(encode({ _tag: "Title", text: undefined }, false)).toBe("")
  })

  it("tells the desktop in the way of each terminal", () => {
    const told = (by: "osc9" | "osc777" | "osc99") =>
      encode({ _tag: "Notification", by, about: "a;b", title: "parley: a;b", text: "hi; there" }, false)
    expect(told("osc9")).toBe(`${ESC}]9;parley: a;b: hi; there${BEL}`)
    expect(told("osc777")).toBe(`${ESC}]777;notify;parley: a,b;hi; there${BEL}`)
    const id = "i=parley-a.3b+b"
    expect(told("osc99")).toBe(`${ESC}]99;${id}:d=0;parley: a;b${ESC}\\${ESC}]99;${id}:p=body;hi; there${ESC}\\`)
    expect(throughTmux(`${ESC}]9;x${BEL}`)).toBe(`${ESC}Ptmux;${ESC}${ESC}]9;x${BEL}${ESC}\\`)
  })

  it("has one conversation's notification take the place of no other's, in the characters that kitty knows", () => {
    const idOf = (about: string) =>
      /99;i=(?<id>[^:;]*)/.exec(encode({ _tag: "Notification", by: "osc99", about, title: "", text: "" }, false))
        ?.groups?.id
    const names = fc.string({ unit: "grapheme", maxLength: 8 })
    fc.assert(
      fc.property(names, names, (one, other) => {
        expect(idOf(one)).toMatch(/^[A-Za-z0-9_+.-]{1,200}$/)
        expect(idOf(one) === idOf(other)).toBe(one === other)
      })
    )
    expect(idOf("漢".repeat(1_000))).toMatch(/^[A-Za-z0-9_+.-]{1,200}$/)
  })
})
