import * as Effect from "effect/Effect"
import { type Files, FilesError } from "./Files.js"
import type { FileTree } from "./FileTree.js"

/** `Files` on a `FileTree`. Each operation waits for `turn` first: the time that a disk takes, or nothing. */
export const make = (tree: FileTree, turn: Effect.Effect<void> = Effect.void): Files["Type"] => {
  const operate = <A>(act: () => A | FilesError): Effect.Effect<A, FilesError> =>
    Effect.flatMap(turn, () => {
      const result = act()
      return result instanceof FilesError ? Effect.fail(result) : Effect.succeed(result)
    })
  const done = (act: () => FilesError | undefined): Effect.Effect<void, FilesError> => Effect.asVoid(operate(act))

  return {
    inspect: (path) => operate(() => tree.inspect(path)),
    open: (found) =>
      Effect.succeed({
        read: (index, offset, length) => operate(() => tree.readFound(found, index, offset, length))
      }),
    directory: (path) => operate(() => tree.directory(path)),
    receive: (incoming) =>
      Effect.map(
        operate(() => tree.land(incoming)),
        (fresh) => ({
          fresh,
          write: (index, offset, bytes) => done(() => tree.write(incoming, index, offset, bytes)),
          read: (index, offset, length) => operate(() => tree.readLanding(incoming, index, offset, length)),
          commit: (name) => operate(() => tree.commit(incoming, name)),
          discard: Effect.sync(() => tree.discard(incoming))
        })
      ),
    spool: spool(tree, done)
  }
}

const spool = (
  tree: FileTree,
  done: (act: () => FilesError | undefined) => Effect.Effect<void, FilesError>
): Files["Type"]["spool"] =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => tree.spool()),
      (path) => Effect.sync(() => tree.remove(path))
    ),
    (path) => ({ path, append: (bytes) => done(() => tree.append(path, bytes)) })
  )
