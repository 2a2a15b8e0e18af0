import { expect, it } from "vitest"
import { moment, written } from "../../../src/cli/terminal/When.js"

it("tells when something was written, as people say it, where that is worth a word", () => {
  // Local times, so that it is true in every zone: a Saturday.
  const now = new Date(2026, 10, 28, 14, 30).getTime()
  const at = (day: number, hour: number, minute: number) =>
    written(new Date(2026, 10, day, hour, minute).getTime(), now)
  expect(written(undefined, now)).toBe("")
  expect(written(now, now)).toBe("")
  expect(written(now + 60_000, now)).toBe("")
  expect(at(28, 14, 29)).toBe("")
  expect(at(28, 14, 28)).toBe(" (written 14:28)")
  expect(at(28, 0, 0)).toBe(" (written 00:00)")
  expect(at(27, 23, 59)).toBe(" (written yesterday 23:59)")
  expect(at(27, 0, 0)).toBe(" (written yesterday 00:00)")
  expect(at(26, 14, 2)).toBe(" (written Thu 14:02)")
  expect(at(22, 9, 5)).toBe(" (written Sun 09:05)")
  expect(at(21, 9, 5)).toBe(" (written 2026-11-21 09:05)")
})

it("gives the date of what a wrong clock has put into the future", () => {
  const now = new Date(2026, 9, 25, 12, 0).getTime()
  expect(moment(now + 26 * 3_600_000, now)).toBe("2026-10-26 14:00")
  expect(moment(now - 13 * 3_600_000, now)).toMatch(/^yesterday /)
})
