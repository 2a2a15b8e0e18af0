import { expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import * as fc from "fast-check"
import * as Alarm from "../../src/services/Alarm.js"
import * as Time from "../../src/services/Time.js"

it.scoped("rings once at its time, not before", () =>
  Effect.gen(function* () {
    const { alarm, rings } = yield* recorded
    alarm.set(100)
    yield* TestClock.adjust("99 millis")
    expect(rings).toEqual([])
    yield* TestClock.adjust("1 millis")
    expect(rings).toEqual([100])
    yield* TestClock.adjust("1 hour")
    expect(rings).toEqual([100])
  })
)

it.scoped("rounds fractions up: never rings early", () =>
  Effect.gen(function* () {
    const { alarm, rings } = yield* recorded
    alarm.set(10.25)
    yield* TestClock.adjust("10 millis")
    expect(rings).toEqual([])
    yield* TestClock.adjust("1 millis")
    expect(rings).toEqual([11])
  })
)

it.scoped("takes an earlier, a later, and no time in place of the first", () =>
  Effect.gen(function* () {
    const { alarm, rings } = yield* recorded
    alarm.set(100)
    alarm.set(50)
    yield* TestClock.adjust("100 millis")
    expect(rings).toEqual([50])
    alarm.set(200)
    alarm.set(300)
    yield* TestClock.adjust("150 millis")
    expect(rings).toEqual([50])
    yield* TestClock.adjust("50 millis")
    expect(rings).toEqual([50, 300])
    alarm.set(400)
    alarm.set(undefined)
    yield* TestClock.adjust("1 hour")
    expect(rings).toEqual([50, 300])
  })
)

it.scoped("rings for a time that has passed, but not within set", () =>
  Effect.gen(function* () {
    yield* TestClock.adjust("1 second")
    const { alarm, rings } = yield* recorded
    alarm.set(10)
    expect(rings).toEqual([])
    yield* TestClock.adjust("0 millis")
    expect(rings).toEqual([1000])
  })
)

it.scoped("may be set again while it rings", () =>
  Effect.gen(function* () {
    const rings: Array<number> = []
    const alarm: Alarm.Alarm = yield* Alarm.make((now) => {
      rings.push(now)
      alarm.set(rings.length < 4 ? now + 10 : undefined)
    })
    alarm.set(10)
    yield* TestClock.adjust("100 millis")
    expect(rings).toEqual([10, 20, 30, 40])
  })
)

it.scoped("outlasts the longest timer of the system", () =>
  Effect.gen(function* () {
    const { alarm, rings } = yield* recorded
    const thirtyDays = 30 * 86_400_000
    alarm.set(thirtyDays)
    yield* TestClock.adjust(thirtyDays - 1)
    expect(rings).toEqual([])
    yield* TestClock.adjust(1)
    expect(rings).toEqual([thirtyDays])
  })
)

it.effect("rings no more after its scope has closed", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const { alarm, rings } = yield* Scope.extend(recorded, scope)
    alarm.set(10)
    yield* Scope.close(scope, Exit.void)
    alarm.set(20)
    yield* TestClock.adjust("1 second")
    expect(rings).toEqual([])
  })
)

it.effect("rings exactly when a plain model says, whatever the orders", () =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ set: fc.option(fc.integer({ min: -5, max: 30 })), pass: fc.nat(12) })),
        (steps) =>
          Effect.runPromise(
            Effect.scoped(
              Effect.gen(function* () {
                const { alarm, rings } = yield* recorded
                const expected: Array<number> = []
                let now = 0
                let due = Number.POSITIVE_INFINITY
                for (const { set, pass } of steps) {
                  due = set === null ? Number.POSITIVE_INFINITY : now + set
                  alarm.set(set === null ? undefined : due)
                  yield* TestClock.adjust(pass)
                  now += pass
                  if (due <= now) {
                    // A time that had passed is rung for before time moves on.
                    expected.push(Math.max(due, now - pass))
                    due = Number.POSITIVE_INFINITY
                  }
                }
                expect(rings).toEqual(expected)
              })
            ).pipe(Effect.provide(TestContext.TestContext))
          )
      ),
      { numRuns: 50 }
    )
  )
)

it.live("rings on the real clock, at or after its time", () =>
  Effect.scoped(
    Effect.gen(function* () {
      const time = yield* Time.make
      const rung = yield* Deferred.make<number>()
      const alarm = yield* Alarm.make((now) => Deferred.unsafeDone(rung, Exit.succeed(now)))
      const at = time.monotonic() + 5
      alarm.set(at)
      expect(yield* Deferred.await(rung)).toBeGreaterThanOrEqual(at)
    })
  )
)

/** An alarm on the test clock, which begins at 0, and the times it rang at. */
const recorded = Effect.suspend(() => {
  const rings: Array<number> = []
  return Effect.map(
    Alarm.make((now) => rings.push(now)),
    (alarm) => ({ alarm, rings })
  )
})
