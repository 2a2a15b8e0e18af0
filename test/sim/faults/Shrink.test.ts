import * as fc from "fast-check"
import { expect, it } from "vitest"
import { shrink } from "../../../src/sim/faults/Shrink.js"

const items = [...Array(24).keys()]

it("finds exactly what is needed, when that is some items together", async () => {
  await fc.assert(
    fc.asyncProperty(fc.subarray(items, { maxLength: 5 }), async (needed) => {
      const least = await shrink(items, async (part) => needed.every((each) => part.includes(each)))
      expect([...least].sort((a, b) => a - b)).toEqual(needed)
    }),
    { numRuns: 50 }
  )
})

it("gives a part from which nothing can be left out, whatever makes it fail", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.subarray(items, { minLength: 1, maxLength: 4 }), { minLength: 1 }), async (causes) => {
      const fails = (part: ReadonlyArray<number>) => causes.some((cause) => cause.every((each) => part.includes(each)))
      const least = await shrink(items, async (part) => fails(part))
      expect(fails(least)).toBe(true)
      for (const each of least) expect(fails(least.filter((other) => other !== each))).toBe(false)
    }),
    { numRuns: 50 }
  )
})
