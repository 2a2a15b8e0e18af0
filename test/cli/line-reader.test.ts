import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Line, LineReader } from "../../src/cli/LineReader.js"

const bytes = (text: string) => new TextEncoder().encode(text)

const read = (input: Uint8Array, cuts: ReadonlyArray<number>, max: number): ReadonlyArray<Line> => {
  const reader = new LineReader(max)
  const borders = [...new Set(cuts.map((cut) => cut % (input.length + 1)))].sort((a, b) => a - b)
  const out: Array<Line> = []
  let from = 0
  for (const to of [...borders, input.length]) {
    out.push(...reader.push(input.slice(from, to)))
    from = to
  }
  return [...out, ...reader.end()]
}

describe("LineReader", () => {
  it("finds the same lines wherever the chunks are cut", () => {
    const text = fc.array(fc.constantFrom("a", "é", "漢", "😀", "\n", "\r\n", "bcd"), { maxLength: 40 })
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 10 }), (parts, cuts) => {
        const input = parts.join("")
        const model = input.split("\n")
        if (model.at(-1) === "") model.pop()
        const expected = model.map((line) => ({ _tag: "Line", text: line.replace(/\r$/, "") }))
        expect(read(bytes(input), cuts, 1000)).toEqual(expected)
      })
    )
  })

  it("reports a line that is too long once and goes on after it", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 10 }), fc.integer({ min: 6, max: 60 }), (cuts, length) => {
        const input = bytes(`one\n${"x".repeat(length)}\ntwo\n`)
        expect(read(input, cuts, 5)).toEqual([
          { _tag: "Line", text: "one" },
          { _tag: "TooLong" },
          { _tag: "Line", text: "two" }
        ])
      })
    )
  })
})
