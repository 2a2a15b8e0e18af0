import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { CallOptions } from "./Api.js"
import { run } from "./Run.js"

/** A stream whose elements are asked for one at a time, until its scope is closed. */
export type Pull<A, E> = Effect.Effect<IteratorResult<A, undefined>, E>

export const make = <A, E>(stream: Stream.Stream<A, E>): Effect.Effect<Pull<A, E>, never, Scope.Scope> =>
  Effect.map(Stream.toPull(Stream.rechunk(stream, 1)), (pull) =>
    Effect.map(pull, (chunk) => ({ done: false as const, value: Chunk.unsafeHead(chunk) })).pipe(
      Effect.catchAll((end) =>
        Option.isNone(end) ? Effect.succeed({ done: true as const, value: undefined }) : Effect.fail(end.value)
      )
    )
  )

/** A loop over a stream, which is interrupted when the loop is left before its end. */
export async function* iterate<A, E>(
  stream: Stream.Stream<A, E>,
  options: CallOptions = {}
): AsyncGenerator<A, undefined> {
  const scope = Effect.runSync(Scope.make())
  try {
    const pull = await run(Scope.extend(make(stream), scope), options)
    for (;;) {
      const next = await run(pull, options)
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await run(Scope.close(scope, Exit.void))
  }
}
