import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"

/**
 * Calls `run` once, `ms` (a whole number from 0 to 2^31-1) from now or as soon after as the clock allows, never within
 * this call. Returns what calls it off.
 */
export type Timer = (ms: number, run: () => void) => () => void

/** A clock that brings a timer of its own. What it runs must not throw. */
export interface WithTimer extends Clock.Clock {
  readonly [TimerId]: Timer
}

export const TimerId: unique symbol = Symbol.for("parley/services/Timer")

/**
 * The timer of the runtime's clock. It costs no fiber on the system's clock and on a clock that brings its own; any
 * other clock, such as the one of a test, is asked to sleep. A `run` that throws is reported as a fiber that died, and
 * stops nothing else.
 */
export const make: Effect.Effect<Timer> = Effect.gen(function* () {
  const clock = yield* Effect.clock
  if (TimerId in clock) return (clock as WithTimer)[TimerId]
  const runFork = Runtime.runFork(yield* Effect.runtime<never>())
  if (clock === SYSTEM_CLOCK)
    return (ms, run) => {
      const handle = setTimeout(guarded(run, runFork), ms)
      return () => clearTimeout(handle)
    }
  return (ms, run) => {
    // Such a clock may let a sleep of 0 ms pass at once, which would be within this call.
    const fiber = runFork(Effect.zipRight(clock.sleep(Duration.millis(ms)), Effect.sync(run)), { immediate: false })
    return () => fiber.unsafeInterruptAsFork(fiber.id())
  }
})

/**
 * Calls what it is given as soon as what waits for I/O has had its turn, never within this call: of use to whoever has
 * more to do than one turn should take. (A timer of 0 ms waits for a ms.)
 */
export const makeSoon: Effect.Effect<(run: () => void) => void> = Effect.gen(function* () {
  const after = yield* make
  const clock = yield* Effect.clock
  if (clock !== SYSTEM_CLOCK) return (run) => void after(0, run)
  const runFork = Runtime.runFork(yield* Effect.runtime<never>())
  return (run) => void setImmediate(guarded(run, runFork))
})

const SYSTEM_CLOCK = Context.get(DefaultServices.liveServices, Clock.Clock)

const guarded = (run: () => void, runFork: (effect: Effect.Effect<never>) => unknown) => () => {
  try {
    run()
  } catch (defect) {
    runFork(Effect.die(defect))
  }
}
