import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Line, LineFraming } from "../../src/protocol/LineFraming.js"
import { some } from "../support/Effort.js"

const MAX = 24

/** The plain reading of docs/protocol.md §1.1, on the whole stream at once. */
const model = (bytes: Uint8Array): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  let rest = bytes
  for (;;) {
    const end = rest.indexOf(10)
    const raw = end < 0 ? rest : rest.subarray(0, end)
    const line = raw.at(-1) === 13 ? raw.subarray(0, -1) : raw
    // A begun line may still end in CR LF.
    if (end < 0 ? raw.length > MAX + 1 : line.length > MAX) return [...lines, { _tag: "TooLarge" }]
    if (end < 0) return lines
    const text = Buffer.from(line).toString("utf8")
    const faithful = Buffer.from(text, "utf8").equals(line)
    lines.push(faithful ? { _tag: "Text", text } : { _tag: "Malformed" })
    rest = rest.subarray(end + 1)
  }
}

const takeAll = (framing: LineFraming): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  for (let line = framing.next(); line !== undefined; line = framing.next()) lines.push(line)
  return lines
}

/** Streams of text, line ends and junk; cut positions are taken modulo the length. */
const streams = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.string({ unit: "grapheme", maxLength: 8 }).map((text) => Buffer.from(text)) },
      { weight: 4, arbitrary: fc.constantFrom(Buffer.from("\n"), Buffer.from("\r\n"), Buffer.from("\r")) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)) }
    ),
    { maxLength: 20 }
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)))

describe("lines", () => {
  test("are those of the model, wherever the chunks are cut and whenever lines are taken", () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat({ max: 400 })), fc.boolean(), (bytes, cuts, eager) => {
        const framing = new LineFraming(MAX)
        const lines: Array<Line> = []
        const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
        for (let i = 1; i < borders.length; i++) {
          framing.push(bytes.slice(borders[i - 1], borders[i]))
          if (eager) lines.push(...takeAll(framing))
        }
        lines.push(...takeAll(framing))
        expect(lines).toEqual(model(bytes))
        expect(framing.pending).toBe(false)
      }),
      { numRuns: some(2000) }
    )
  })

  test("survive a character that is split over three chunks", () => {
    const framing = new LineFraming()
    const bytes = Buffer.from("€uro\n")
    for (const byte of bytes) framing.push(Uint8Array.of(byte))
    expect(takeAll(framing)).toEqual([{ _tag: "Text", text: "€uro" }])
  })

  test.each([
    [16_384, "\n", "Text"],
    [16_384, "\r\n", "Text"],
    [16_385, "\n", "TooLarge"],
    [16_386, "", "TooLarge"]
  ])("of %i bytes and %j are %s", (length, end, tag) => {
    const framing = new LineFraming()
    framing.push(Buffer.from("x".repeat(length) + end))
    expect(takeAll(framing).map((line) => line._tag)).toEqual([tag])
  })

  test("do not come after one that was too large", () => {
    const framing = new LineFraming(4)
    framing.push(Buffer.from("toolong\nok\n"))
    framing.push(Buffer.from("ok\n"))
    expect(takeAll(framing)).toEqual([{ _tag: "TooLarge" }])
    expect(framing.pending).toBe(false)
  })
})
