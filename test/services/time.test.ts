import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Time from "../../src/services/Time.js"

it.effect("follows the runtime's clock, in milliseconds", () =>
  Effect.gen(function* () {
    const time = yield* Time.make
    expect([time.monotonic(), time.wall()]).toEqual([0, 0])
    yield* TestClock.adjust("90 seconds")
    expect([time.monotonic(), time.wall()]).toEqual([90_000, 90_000])
  })
)

it.live("never runs backwards, has fractions, and shows the date", () =>
  Effect.gen(function* () {
    const time = yield* Time.make
    const readings = Array.from({ length: 10_000 }, time.monotonic)
    for (const [index, reading] of readings.entries()) expect(reading).toBeGreaterThanOrEqual(readings[index - 1] ?? 0)
    expect(readings.some((reading) => !Number.isInteger(reading))).toBe(true)
    const before = Date.now()
    const wall = time.wall()
    expect(wall).toBeGreaterThanOrEqual(before)
    expect(wall).toBeLessThanOrEqual(Date.now())
  })
)
