import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * Writes that go on while the next ones are asked for: a small file costs several calls of the system, and waiting for
 * each of them in turn takes far longer than they do. A failure comes out of the next `add` or `settled`, and stays.
 * The scope waits for all of them before it closes.
 */
export interface WriteBehind {
  /** Begins a write as soon as fewer than `MAX_BEHIND` are under way; gives when it has begun. */
  readonly add: (write: () => Promise<void>) => Promise<void>
  /** Waits for all that were begun. */
  readonly settled: () => Promise<void>
}

export const make: Effect.Effect<WriteBehind, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    const under = new Set<Promise<void>>()
    let failure: { readonly cause: unknown } | undefined
    const check = () => {
      if (failure !== undefined) throw failure.cause
    }
    return {
      add: async (write: () => Promise<void>) => {
        while (under.size >= MAX_BEHIND) await Promise.race(under)
        check()
        const going = write()
          .catch((cause: unknown) => {
            failure ??= { cause }
          })
          .finally(() => under.delete(going))
        under.add(going)
      },
      settled: async () => {
        await Promise.all(under)
        check()
      }
    }
  }),
  ({ settled }) => Effect.promise(() => settled().catch(() => {}))
)

/** Writes under way: enough to keep the four threads busy that Node has for files. */
export const MAX_BEHIND = 16
