import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { Hub } from "./Hub.js"

/** The end of a server that sends its people on first. */
export interface Draining {
  /** Lets nobody in, and sends those who are here on, evenly within this time (ms); a later call changes it. */
  readonly drain: (withinMs: number) => void
  /** Done when nobody is here any more after `drain`. */
  readonly ended: Effect.Effect<void>
}

export const make = (
  hub: Pick<Hub, "drain" | "sendOn" | "size" | "time">
): Effect.Effect<Draining, never, Scope.Scope> =>
  Effect.gen(function* () {
    const done = yield* Deferred.make<void>()
    const scope = yield* Effect.scope
    const fork = Runtime.runFork(yield* Effect.runtime<never>())
    let until: number | undefined
    const step = Effect.sync(() => {
      const left = Math.max(0, until! - hub.time.monotonic())
      hub.sendOn(Math.ceil((hub.size * STEP_MS) / Math.max(STEP_MS, left)))
    })
    const steps = Effect.suspend(
      (): Effect.Effect<void> =>
        hub.size === 0
          ? Effect.asVoid(Deferred.succeed(done, undefined))
          : Effect.zipRight(step, Effect.zipRight(Effect.sleep(STEP_MS), steps))
    )
    return {
      drain: (withinMs) => {
        const isFirst = until === undefined
        until = hub.time.monotonic() + withinMs
        hub.drain()
        if (isFirst)
          fork(
            Effect.zipRight(
              Effect.annotateLogs(Effect.logInfo("draining"), { sessions: hub.size, ms: withinMs }),
              Effect.forkIn(steps, scope)
            )
          )
      },
      ended: Deferred.await(done)
    }
  })

/** ms between two steps. */
const STEP_MS = 250
