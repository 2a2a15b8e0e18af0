import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decode, encode, InputLines, MAX_LENGTH, MAX_LINE, MAX_LINES } from "../../../src/core/history/InputLines.js"
import { crypto } from "../../../src/layers/node/Crypto.js"

const SECRET = new Uint8Array(32).fill(7)
const SALT = new Uint8Array(32).fill(3)
const line = fc.record({
  conversation: fc.constantFrom("", "bob", "#team"),
  text: fc.oneof(fc.constantFrom("hi", " secret", "", "list"), fc.string({ maxLength: 3000 }))
})

describe("lines that were typed", () => {
  it("are the newest ones, without those that begin with a space, are long, or repeat the one before", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 700 }), (typed) => {
        const lines = new InputLines()
        for (const each of typed) lines.add(each)
        const last = new Map<string, string>()
        const wanted = typed.filter(({ conversation, text }) => {
          const isKept = text.trim() !== "" && !text.startsWith(" ") && text.length <= MAX_LINE
          if (!isKept || last.get(conversation) === text) return false
          last.set(conversation, text)
          return true
        })
        expect(lines.all.length).toBeLessThanOrEqual(MAX_LINES)
        expect(lines.all.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(MAX_LENGTH)
        expect(lines.all).toEqual(wanted.slice(wanted.length - lines.all.length))
        expect(decode(crypto, SECRET, encode(crypto, SECRET, SALT, lines))?.all).toEqual(lines.all)
      }),
      { numRuns: 50 }
    )
  })

  it("are in no file in the clear, and in none that was changed", () => {
    const lines = new InputLines([{ conversation: "bob", text: "meet me at nine" }])
    const file = encode(crypto, SECRET, SALT, lines)
    expect(Buffer.from(file).includes("nine")).toBe(false)
    for (let at = 0; at < file.length; at++) {
      const changed = file.slice()
      changed[at]! ^= 1
      expect(decode(crypto, SECRET, changed)).toBeUndefined()
    }
    expect(
      decode(
        crypto,
        SECRET.map((byte) => byte + 1),
        file
      )
    ).toBeUndefined()
  })

  it("are forgotten by conversation, or all", () => {
    const lines = new InputLines([
      { conversation: "bob", text: "a" },
      { conversation: "", text: "b" }
    ])
    expect(lines.clear("carol")).toBe(false)
    expect(lines.clear("bob")).toBe(true)
    expect(lines.all).toEqual([{ conversation: "", text: "b" }])
    expect(lines.clear(undefined)).toBe(true)
    expect(lines.all).toEqual([])
  })
})
