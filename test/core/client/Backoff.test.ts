import * as fc from "fast-check"
import { expect, it } from "vitest"
import { Backoff } from "../../../src/core/client/Backoff.js"

it("grows to 15 s, jitters over the whole range, and starts over once the server was reached", () => {
  const longest = (backoff: Backoff) => Array.from({ length: 12 }, () => backoff.next(0.999_999))
  const backoff = new Backoff()
  const waits = longest(backoff)
  expect(waits.slice(0, 3)).toEqual([500, 850, 1445])
  expect(waits.at(-1)).toBe(15_000)
  expect([...waits].sort((left, right) => left - right)).toEqual(waits)
  expect(backoff.next(0)).toBe(50)
  backoff.reset()
  expect(backoff.next(0.999_999)).toBe(500)
})

it("never waits less than the floor nor more than the ceiling", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (draws) => {
      const backoff = new Backoff()
      for (const draw of draws) {
        const wait = backoff.next(draw)
        expect(wait).toBeGreaterThanOrEqual(50)
        expect(wait).toBeLessThanOrEqual(15_000)
      }
    })
  )
})
