import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

/**
 * Tests in real time and a scope of their own, with what this layer has, made anew for each. (`layer` of
 * `@effect/vitest` puts its methods on the one `it` of a process, which files share here: those after it would run
 * without the test clock.)
 */
export const scopedLive =
  <R, E>(layer: Layer.Layer<R, E>) =>
  (name: string, body: () => Effect.Effect<void, unknown, R | Scope.Scope>): void =>
    it.scopedLive(name, () => Effect.provide(body(), layer))
