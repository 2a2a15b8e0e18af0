import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { LocalClock } from "../../../src/sim/kernel/LocalClock.js"

const HOUR = 3_600_000_000

describe("LocalClock", () => {
  it("wakes at the very first microsecond at which the local reading is reached", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -900_000, max: 900_000 }),
        fc.integer({ min: -900_000, max: 900_000 }),
        fc.nat(HOUR),
        fc.nat(HOUR),
        fc.nat(HOUR),
        (first, second, changedAt, later, sleep) => {
          const clock = new LocalClock(0)
          clock.drift(first, 0)
          clock.drift(second, changedAt)
          const now = changedAt + later
          const local = clock.monotonic(now) + sleep
          const at = clock.whenMonotonic(local, now)
          expect(clock.monotonic(at)).toBeGreaterThanOrEqual(local)
          if (at > now) expect(clock.monotonic(at - 1)).toBeLessThan(local)
        }
      )
    )
  })

  it("never goes backwards when its rate changes, and never jumps", () => {
    const clock = new LocalClock(0)
    clock.drift(500, 0)
    const before = clock.monotonic(HOUR)
    clock.drift(-500, HOUR)
    expect(clock.monotonic(HOUR)).toBe(before)
    expect(before).toBe(HOUR + HOUR * 0.0005)
    expect(clock.monotonic(2 * HOUR)).toBe(before + HOUR - HOUR * 0.0005)
  })

  it("lets only the wall reading jump", () => {
    const clock = new LocalClock(1000)
    clock.jump(-5_000_000)
    expect(clock.monotonic(10)).toBe(10)
    expect(clock.wall(10)).toBe(1000 - 5_000_000 + 10)
  })
})
