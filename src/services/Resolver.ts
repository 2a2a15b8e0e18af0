import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"

/**
 * Turns host names into addresses, for what is reached by datagrams: a dialled connection looks its name up by itself.
 *
 * @since 0.1.0
 */
export class Resolver extends Context.Tag("parley/services/Resolver")<
  Resolver,
  {
    /**
     * The addresses of `host` in canonical form, at least one and at most `MAX_ADDRESSES`, in the order in which the
     * system would try them. An IP literal stands for itself. Takes as long as the system's own lookup does: put a
     * bound on it where that matters.
     */
    readonly resolve: (host: string) => Effect.Effect<ReadonlyArray<string>, ResolveError>
  }
>() {}

/**
 * Why a host name has no address.
 *
 * @since 0.1.0
 */
export class ResolveError extends Data.TaggedError("ResolveError")<{
  /** `NotFound`: the name is unknown. `Unavailable`: nobody could be asked. */
  readonly reason: "NotFound" | "Unavailable"
  readonly message: string
  readonly cause?: unknown
}> {}

/** More than any honest name has that is meant for one program; a hostile one could carry thousands. */
export const MAX_ADDRESSES = 16
