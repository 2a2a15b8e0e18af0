import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Time from "./Time.js"

/** One re-armable timer. Drivers of a sans-IO machine keep it at the machine's `pollTimeout`. */
export interface Alarm {
  /**
   * Rings at `at` (monotonic ms) or as soon after as the clock allows, never within this call; `undefined` for never.
   * Replaces the earlier time.
   * Moving the time later is free of charge: the armed sleep ends, finds nothing due, and sleeps on.
   */
  readonly set: (at: number | undefined) => void
}

/** An alarm that calls `ring(now)` synchronously. Nothing rings after the scope has closed. `ring` must not throw. */
export const make = (ring: (now: number) => void): Effect.Effect<Alarm, never, Scope.Scope> =>
  Effect.gen(function* () {
    const time = yield* Time.make
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    let due = Number.POSITIVE_INFINITY
    let armed = Number.POSITIVE_INFINITY
    let sleeper: Fiber.RuntimeFiber<void> | undefined
    let closed = false

    const disarm = () => {
      sleeper?.unsafeInterruptAsFork(sleeper.id())
      sleeper = undefined
      armed = Number.POSITIVE_INFINITY
    }

    const arm = (now: number) => {
      if (closed || due >= armed) return
      disarm()
      armed = due
      const mine = runFork(
        Clock.sleep(Duration.millis(Math.min(Math.max(0, Math.ceil(due - now)), MAX_SLEEP))).pipe(
          Effect.zipRight(
            Effect.sync(() => {
              if (closed || sleeper !== mine) return
              sleeper = undefined
              armed = Number.POSITIVE_INFINITY
              const at = time.monotonic()
              if (at >= due) {
                due = Number.POSITIVE_INFINITY
                ring(at)
              }
              arm(time.monotonic())
            })
          )
        ),
        // A clock may let a sleep of 0 ms pass at once: the ring would come within `set`, and find no sleeper yet.
        { immediate: false }
      )
      sleeper = mine
    }

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed = true
        disarm()
      })
    )

    return {
      set: (at) => {
        due = at ?? Number.POSITIVE_INFINITY
        if (due < armed) arm(time.monotonic())
      }
    }
  })

/** Node's timers hold at most 2^31-1 ms; a day is far below and costs nothing to renew. */
const MAX_SLEEP = 86_400_000
