import { expect, it } from "vitest"
import { believed } from "../../../src/core/client/WrittenAt.js"

it("is believed of a time in the past since there is parley, and never of one that cannot be", () => {
  const now = Date.UTC(2026, 10, 28)
  const day = 86_400_000
  expect(believed(now - day, now)).toBe(now - day)
  expect(believed(now - 200 * day, now)).toBe(now - 200 * day)
  // A clock that differs a little.
  expect(believed(now + 299_000, now + 0.5)).toBe(now)
  const absurd = [
    undefined,
    0,
    1,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    now + 301_000,
    8.64e15,
    Number.MAX_SAFE_INTEGER
  ]
  for (const time of absurd) expect(believed(time, now)).toBeUndefined()
  // Nor by a clock that was never set.
  expect(believed(now, 86_400)).toBeUndefined()
})
