import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ReplayWindow, WINDOW_SIZE } from "../../../src/core/peer/keys/ReplayWindow.js"
import { some } from "../../support/Effort.js"

describe("the replay window", () => {
  it("agrees with a set that forgets nothing", () => {
    // Steps around the window's size find the edges; small ones fill it.
    const step = fc.oneof(
      fc.integer({ min: -40, max: 40 }),
      fc.integer({ min: -WINDOW_SIZE - 3, max: -WINDOW_SIZE + 3 }),
      fc.integer({ min: WINDOW_SIZE - 3, max: WINDOW_SIZE + 3 }),
      fc.integer({ min: 0, max: 100_000 })
    )
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), fc.array(step, { maxLength: 400 }), (start, steps) => {
        const window = new ReplayWindow()
        const seen = new Set<number>()
        let greatest = -1
        let at = start
        for (const step of steps) {
          at = Math.max(0, at + step)
          const expected = at > greatest || (at > greatest - WINDOW_SIZE && !seen.has(at))
          expect(window.accepts(at)).toBe(expected)
          if (!expected) continue
          window.record(at)
          seen.add(at)
          greatest = Math.max(greatest, at)
          expect(window.greatest).toBe(greatest)
          expect(window.accepts(at)).toBe(false)
        }
      }),
      { numRuns: some(300) }
    )
  })
})
