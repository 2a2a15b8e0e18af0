import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Key, KeyDecoder, MAX_PASTE } from "../../../src/cli/terminal/Keys.js"

const bytes = (text: string) => new TextEncoder().encode(text)

const decode = (input: Uint8Array, cuts: ReadonlyArray<number> = []): ReadonlyArray<Key> => {
  const decoder = new KeyDecoder()
  const borders = [...new Set(cuts.map((cut) => cut % (input.length + 1)))].sort((a, b) => a - b)
  const keys: Array<Key> = []
  let from = 0
  for (const to of [...borders, input.length]) {
    keys.push(...decoder.push(input.subarray(from, to)))
    from = to
  }
  // Text that arrives in pieces is the same text.
  return keys.reduce<Array<Key>>((joined, key) => {
    const last = joined.at(-1)
    if (last?._tag === "Text" && key._tag === "Text")
      joined[joined.length - 1] = { _tag: "Text", text: last.text + key.text }
    else joined.push(key)
    return joined
  }, [])
}

const names = (text: string) =>
  decode(bytes(text)).map((key) => {
    if (key._tag === "Ask") return key.action
    return key._tag === "Press" ? key.name : key._tag === "Overlong" ? key.length : key.text
  })

describe("KeyDecoder", () => {
  it("knows the keys of terminals", () => {
    expect(names("hé漢😀\r")).toEqual(["hé漢😀", "enter"])
    expect(names("\u001b[A\u001bOB\u001b[C\u001b[D\u001b[1;5C\u001bb")).toEqual([
      "up",
      "down",
      "right",
      "left",
      "wordRight",
      "wordLeft"
    ])
    expect(names("\u0003\u0004\u007f\t\u0015\u0017")).toEqual([
      "interrupt",
      "endOfInput",
      "backspace",
      "tab",
      "killLine",
      "killWordLeft"
    ])
  })

  it("hands out what is none of the editor's", () => {
    expect(names("\u001b1\u001b9\u001ba\u001b[5~\u001b[6~\u001b0")).toEqual([
      { _tag: "Switch", number: 1 },
      { _tag: "Switch", number: 9 },
      { _tag: "NextUnread" },
      { _tag: "Page", direction: "up" },
      { _tag: "Page", direction: "down" }
    ])
  })

  it("swallows what it does not know, whole", () => {
    expect(names("a\u001b[38;5;1mb\u001b[?1;2cc\u0000d\u001b[99~e")).toEqual(["abcde"])
  })

  it("keeps line breaks of a paste from being keys", () => {
    expect(decode(bytes("\u001b[200~one\r\ntwo\u0003\u001b[201~x"))).toEqual([
      { _tag: "Paste", text: "one\ntwo\u0003" },
      { _tag: "Text", text: "x" }
    ])
  })

  it("gives the same keys wherever the bytes are cut", () => {
    const part = fc.constantFrom(
      "a",
      "é",
      "😀",
      "\r",
      "\u001b[A",
      "\u001b[1;5C",
      "\u001bf",
      "\u001b[200~p\nq\u001b[201~",
      "\u0003"
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 12 }), (parts, cuts) => {
        const input = bytes(parts.join(""))
        expect(decode(input, cuts)).toEqual(decode(input))
      })
    )
  })

  it("gives the keyboard back after a paste whose end was lost: when told so, and at Ctrl-C", () => {
    const decoder = new KeyDecoder()
    expect(decoder.push(bytes("\u001b[200~one\rtwo\u001b[20"))).toEqual([])
    expect(decoder.isPasting).toBe(true)
    expect(decoder.endPaste()).toEqual([{ _tag: "Paste", text: "one\ntwo" }])
    expect(decoder.isPasting).toBe(false)
    expect(decoder.push(bytes("a"))).toEqual([{ _tag: "Text", text: "a" }])
    decoder.push(bytes("\u001b[200~x"))
    expect(decoder.push(bytes("\u0003"))).toEqual([{ _tag: "Paste", text: "x" }])
    expect(decoder.push(bytes("\u0003"))).toEqual([{ _tag: "Press", name: "interrupt" }])
  })

  it("takes any bytes, and holds a bounded part of an endless paste", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (input) => void decode(input)))
    const keys = decode(bytes(`\u001b[200~${"x".repeat(3 * MAX_PASTE)}\u001b[201~`))
    expect(keys).toEqual([{ _tag: "Overlong", length: 3 * MAX_PASTE }])
  })
})
