import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Key } from "../../../src/cli/terminal/Key.js"
import { KeyDecoder, MAX_PASTE } from "../../../src/cli/terminal/Keys.js"

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
    if (key._tag === "Answer") return key.answer
    return key._tag === "Press" ? key.name : key._tag === "Overlong" ? key.bytes : key.text
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
    expect(names("a\u001b[38;5;1mb\u001b[?1;2rc\u0000d\u001b[99~e")).toEqual(["abcde"])
  })

  it("takes nothing of what a terminal says for text, however it says it", () => {
    const strings = [
      "\u001b]11;rgb:1e1e/1e1e/2e2e\u0007",
      "\u001b]10;?\u001b\\",
      "\u001bP>|tmux 3.3a\u001b\\",
      "\u001b_Gi=31;OK\u001b\\",
      "\u001b^private\u001b\\",
      "\u001bXstring\u009c",
      `\u001bP${"x".repeat(10_000)}\u001b\\`,
      `\u001b[${"1;".repeat(500)}1m`
    ]
    const sequences = [
      "\u001b[[A",
      "\u001b[3$",
      "\u001bO5C",
      "\u001b[M abc".slice(0, 6),
      "\u001b[I",
      "\u001b[?2026;1$y"
    ]
    for (const said of [...strings, ...sequences])
      expect(
        names(`a${said}b`)
          .filter((key) => typeof key === "string")
          .join("")
      ).toBe("ab")
    for (const said of [...strings, ...sequences])
      for (let cut = 1; cut < Math.min(said.length, 40); cut++)
        expect(decode(bytes(said), [cut]).filter((key) => key._tag === "Text")).toEqual([])
  })

  it("understands answers", () => {
    expect(names("\u001b[3;17R\u001bP>|VTE(7200)\u001b\\\u001b[?65;1;9c\u001b]11;rgb:ff/ff/ff\u0007")).toEqual([
      { _tag: "Position", row: 2, column: 16 },
      { _tag: "Name", name: "VTE(7200)" },
      { _tag: "Attributes" },
      { _tag: "Background", brightness: 1 }
    ])
    expect(names("\u001b]11;rgb:0000/0000/0000\u001b\\")).toEqual([{ _tag: "Background", brightness: 0 }])
  })

  it("knows keys that are told by their code point", () => {
    expect(names("\u001b[99;5u\u001b[27;5;119~\u001b[13;2u\u001b[102;3u\u001b[27u\u001b[97u\u001b[97;2u")).toEqual([
      "interrupt",
      "killWordLeft",
      "newline",
      "wordRight",
      "escape",
      "aA"
    ])
    expect(names("\u001b[49;3u\u001b[97;1:3u\u001b[57358u\u001b[120;5u\u001b[9999999u")).toEqual([
      { _tag: "Switch", number: 1 }
    ])
    expect(names("\u001b[95;5u\u001b[27;6;95~\u001b[1;2A\u001b[1;5D\u001b[3;5~\u001b[6;5~")).toEqual([
      "undo",
      "undo",
      "up",
      "wordLeft",
      "killWordRight",
      { _tag: "Page", direction: "down" }
    ])
  })

  it("takes Escape for a key when nothing follows, and drops what does not go on", () => {
    const decoder = new KeyDecoder()
    expect(decoder.push(bytes("\u001b"))).toEqual([])
    expect(decoder.patience).toBe(50)
    expect(decoder.expire()).toEqual([{ _tag: "Press", name: "escape" }])
    expect(decoder.push(bytes("h"))).toEqual([{ _tag: "Text", text: "h" }])
    for (const begun of ["\u001b[1;", "\u001b]0;title", "\u001bP"]) {
      decoder.push(bytes(begun))
      expect(decoder.patience).toBe(250)
      expect(decoder.expire()).toEqual([])
      expect(decoder.patience).toBe(undefined)
    }
    expect(names("\u001b\u0003\u001b\u001b[A")).toEqual(["interrupt", "up"])
  })

  it("keeps line breaks of a paste from being keys", () => {
    expect(decode(bytes("\u001b[200~one\r\ntwo\u0003\u001b[201~x"))).toEqual([
      { _tag: "Paste", text: "one\ntwo\u0003" },
      { _tag: "Text", text: "x" }
    ])
  })

  it("tells what the terminal says of itself during a paste from what is pasted", () => {
    const text = "\u001b[200~one\u001b[3;15R\u001b[I\ntw\u001b]11;rgb:ffff/ffff/ffff\u001b\\o\u001b[31m\u001b[201~"
    expect(decode(bytes(text))).toEqual([
      { _tag: "Answer", answer: { _tag: "Position", row: 2, column: 14 } },
      { _tag: "Answer", answer: { _tag: "Focus", has: true } },
      { _tag: "Answer", answer: { _tag: "Background", brightness: 1 } },
      { _tag: "Paste", text: "one\ntwo\u001b[31m" }
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
    expect(decoder.patience).toBe(2_000)
    expect(decoder.expire()).toEqual([{ _tag: "Paste", text: "one\ntwo" }])
    expect(decoder.patience).toBe(undefined)
    expect(decoder.push(bytes("a"))).toEqual([{ _tag: "Text", text: "a" }])
    decoder.push(bytes("\u001b[200~x"))
    expect(decoder.push(bytes("\u0003"))).toEqual([{ _tag: "Paste", text: "x" }])
    expect(decoder.push(bytes("\u0003"))).toEqual([{ _tag: "Press", name: "interrupt" }])
  })

  it("takes any bytes, and holds a bounded part of an endless paste", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (input) => void decode(input)))
    const keys = decode(bytes(`\u001b[200~${"é".repeat(3 * MAX_PASTE)}\u001b[201~`))
    expect(keys).toEqual([{ _tag: "Overlong", bytes: 6 * MAX_PASTE }])
  })
})
