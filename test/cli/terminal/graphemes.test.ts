import * as fc from "fast-check"
import { expect, test } from "vitest"
import { charactersOf, startOf } from "../../../src/cli/Graphemes.js"

const pieces = fc.constantFrom(
  "a",
  "~",
  " ",
  "\t",
  "\r",
  "\n",
  "\u0301",
  "é",
  "👍🏽",
  "👨‍👩‍👧",
  "\u200d",
  "🇩🇪",
  "한",
  "\ud800"
)
const text = fc.oneof(
  fc.string(),
  fc.array(pieces).map((parts) => parts.join(""))
)

test("characters are those of UAX #29", () => {
  const segmenter = new Intl.Segmenter()
  fc.assert(
    fc.property(text, fc.nat(20), (text, index) => {
      expect([...charactersOf(text)]).toEqual(Array.from(segmenter.segment(text), ({ segment }) => segment))
      expect(startOf(text, index)).toBe(segmenter.segment(text).containing(index)?.index ?? 0)
    })
  )
})
