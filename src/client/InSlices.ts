import * as Effect from "effect/Effect"
import type { Sliced } from "../core/support/Slices.js"
import * as Timer from "../services/Timer.js"

/** All of this work, with everything else running between its slices. */
export const inSlices = <A>(work: Sliced<A>): Effect.Effect<A> =>
  Effect.gen(function* () {
    for (;;) {
      const step = work.next()
      if (step.done === true) return step.value
      yield* othersRun
    }
  })

/**
 * Packets, timers and keys: a yield to other fibers alone would not let those in. A sleep of 0 ms would be one of 1 ms,
 * a thousand of which a large folder needs.
 */
export const othersRun: Effect.Effect<void> = Effect.flatMap(Timer.makeSoon, (soon) =>
  Effect.async<void>((resume) => soon(() => resume(Effect.void)))
)
