import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * Reads some files before they are asked for, because they are asked for in order: each costs several calls of the
 * system, and waiting for each of them in turn takes far longer than they do. A failure waits for whoever asks for that
 * file. The scope waits for all that are under way before it closes.
 */
export interface ReadAhead {
  readonly read: (index: number) => Promise<Uint8Array>
}

/** `isFit` says which files may be read ahead. */
export const make = (
  isFit: (index: number) => boolean,
  readOne: (index: number) => Promise<Uint8Array>
): Effect.Effect<ReadAhead, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const ready = new Map<number, Promise<Uint8Array>>()
      const begin = (index: number): Promise<Uint8Array> => {
        const going = readOne(index)
        // Nobody may ever ask for it.
        going.catch(() => {})
        ready.set(index, going)
        return going
      }
      return {
        ready,
        read: (index: number) => {
          const bytes = ready.get(index) ?? begin(index)
          ready.delete(index)
          for (const other of ready.keys()) if (other < index || other > index + MAX_AHEAD) ready.delete(other)
          for (let next = index + 1; next <= index + MAX_AHEAD && isFit(next); next++) if (!ready.has(next)) begin(next)
          return bytes
        }
      }
    }),
    ({ ready }) => Effect.promise(() => Promise.allSettled(ready.values()))
  )

/** Files: enough to keep the four threads busy that Node has for files. */
const MAX_AHEAD = 16
