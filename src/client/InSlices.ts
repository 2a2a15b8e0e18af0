import * as Effect from "effect/Effect"
import type { Sliced } from "../core/support/Slices.js"

/** All of this work, with everything else running between its slices. */
export const inSlices = <A>(work: Sliced<A>): Effect.Effect<A> =>
  Effect.gen(function* () {
    for (;;) {
      const step = work.next()
      if (step.done === true) return step.value
      yield* othersRun
    }
  })

/** Packets, timers and keys: a yield to other fibers alone would not let those in. */
export const othersRun = Effect.sleep(0)
