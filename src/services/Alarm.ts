import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Time from "./Time.js"
import * as Timer from "./Timer.js"

/** One re-armable timer. Drivers of a sans-IO machine keep it at the machine's `pollTimeout`. */
export interface Alarm {
  /**
   * Rings at `at` (monotonic ms) or as soon after as the clock allows, never within this call; `undefined` for never.
   * Replaces the time that was set before. A later time costs nothing: the timer that is armed ends, finds nothing due,
   * and is armed anew.
   */
  readonly set: (at: number | undefined) => void
}

/** An alarm that calls `ring(now)` synchronously. Nothing rings after the scope has closed. `ring` must not throw. */
export const make = (ring: (now: number) => void): Effect.Effect<Alarm, never, Scope.Scope> =>
  Effect.gen(function* () {
    const time = yield* Time.make
    const after = yield* Timer.make
    let due = Number.POSITIVE_INFINITY
    let armed = Number.POSITIVE_INFINITY
    let callOff: (() => void) | undefined
    let closed = false

    const disarm = () => {
      callOff?.()
      callOff = undefined
      armed = Number.POSITIVE_INFINITY
    }

    const arm = (now: number) => {
      if (closed || due >= armed) return
      disarm()
      armed = due
      callOff = after(Math.min(Math.max(0, Math.ceil(due - now)), MAX_SLEEP), expired)
    }

    const expired = () => {
      if (closed) return
      callOff = undefined
      armed = Number.POSITIVE_INFINITY
      const at = time.monotonic()
      if (at >= due) {
        due = Number.POSITIVE_INFINITY
        ring(at)
      }
      arm(time.monotonic())
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

/** Milliseconds: Node's timers hold at most 2^31-1; a day is far below that, and renewing it costs nothing. */
const MAX_SLEEP = 86_400_000
