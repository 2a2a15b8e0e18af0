import type { FileHandle } from "node:fs/promises"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** The open file among many that are gone through in order: the one used last. Calls come one at a time. */
export interface HandleCache {
  readonly get: (index: number) => Promise<FileHandle>
  readonly close: () => Promise<void>
}

/** Closed with the scope. */
export const make = (open: (index: number) => Promise<FileHandle>): Effect.Effect<HandleCache, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      let current: { readonly index: number; readonly handle: FileHandle } | undefined
      const close = async () => {
        const closing = current
        current = undefined
        await closing?.handle.close()
      }
      return {
        get: async (index: number) => {
          if (current?.index === index) return current.handle
          await close()
          const handle = await open(index)
          current = { index, handle }
          return handle
        },
        close
      }
    }),
    ({ close }) => Effect.promise(() => close().catch(() => {}))
  )
