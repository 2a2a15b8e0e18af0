import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Timer from "../../src/services/Timer.js"

it.live("runs on the system's clock, unless it was called off", () =>
  Effect.gen(function* () {
    const after = yield* Timer.make
    const ran: Array<string> = []
    after(2, () => ran.push("called off"))()
    yield* Effect.async<void>((resume) => {
      after(5, () => {
        ran.push("late")
        resume(Effect.void)
      })
      after(0, () => ran.push("soon"))
      expect(ran).toEqual([])
    })
    expect(ran).toEqual(["soon", "late"])
  })
)

it.live("takes nothing with it that throws", () =>
  Effect.gen(function* () {
    const after = yield* Timer.make
    yield* Effect.async<void>((resume) => {
      after(0, () => {
        throw new Error("thrown by a timer")
      })
      after(1, () => resume(Effect.void))
    })
  })
)

it.effect("sleeps on a clock that has none", () =>
  Effect.gen(function* () {
    const after = yield* Timer.make
    const ran: Array<number> = []
    after(10, () => ran.push(10))
    after(20, () => ran.push(20))()
    yield* TestClock.adjust("1 minute")
    expect(ran).toEqual([10])
  })
)

it.effect("is the one that the clock brings", () =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    const asked: Array<number> = []
    const own: Timer.Timer = (ms) => {
      asked.push(ms)
      return () => {}
    }
    const after = yield* Effect.withClock(Timer.make, { ...clock, [Timer.TimerId]: own } as Timer.WithTimer)
    after(7, () => {})
    expect(asked).toEqual([7])
  })
)
