import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

/** What a conformance suite runs on: a layer, and how to run one test with it. */
export interface Subject<R> {
  /** Runs one test to its end, on services made for it alone, in a scope of its own. Rejects when the test fails. */
  readonly run: (test: Effect.Effect<void, unknown, R | Scope.Scope>) => Promise<void>
}

/** Runs on the live runtime: real time, real promises. */
export const live = <R>(layer: Layer.Layer<R, unknown>): Subject<R> => ({
  run: (test) => Effect.runPromise(Effect.scoped(test).pipe(Effect.provide(layer)))
})
