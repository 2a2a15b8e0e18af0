import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { RangeSet } from "../../../src/core/support/RangeSet.js"
import { some } from "../../support/Effort.js"

describe("a range set", () => {
  it("agrees with a set of numbers, in the fewest ranges", () => {
    const step = fc.record({
      add: fc.boolean(),
      start: fc.integer({ min: 0, max: 60 }),
      length: fc.integer({ min: 0, max: 20 })
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ranges = new RangeSet()
        const model = new Set<number>()
        for (const { add, length, start } of steps) {
          if (add) ranges.add(start, start + length)
          else ranges.remove(start, start + length)
          for (let i = start; i < start + length; i++) add ? model.add(i) : model.delete(i)
          const expected: Array<{ start: number; end: number }> = []
          for (let i = 0; i <= 80; i++) {
            if (ranges.has(i) !== model.has(i)) throw new Error(`has(${i}) is wrong`)
            if (!model.has(i)) continue
            const last = expected.at(-1)
            if (last?.end === i) last.end++
            else expected.push({ start: i, end: i + 1 })
          }
          expect(ranges.ranges).toEqual(expected)
          expect(ranges.first).toEqual(expected[0])
          expect(ranges.isEmpty).toBe(model.size === 0)
        }
      }),
      { numRuns: some(300) }
    )
  })
})
