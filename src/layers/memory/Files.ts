import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Files, FilesError } from "../../services/Files.js"
import * as Timer from "../../services/Timer.js"
import { Disk } from "./Disk.js"
import type { FileTree } from "./FileTree.js"

/** An empty file system that is forgotten with the layer. */
export const layer: Layer.Layer<Files> = Layer.suspend(() => layerOn(new Disk()))

/** The user's files on `disk`, which outlive the layer. */
export const layerOn = (disk: Disk): Layer.Layer<Files> =>
  Layer.effect(
    Files,
    Effect.map(Timer.make, (after) => make(disk, after))
  )

/** `Files` on a disk; `after` lets the time pass that each operation takes. */
export const make = (disk: Disk, after: Timer.Timer): Files["Type"] => {
  const { files } = disk
  const turn = Effect.async<void>((resume) => {
    if (disk.delayMs <= 0) return resume(Effect.void)
    const callOff = after(disk.delayMs, () => resume(Effect.void))
    return Effect.sync(callOff)
  })
  const operate = <A>(act: () => A | FilesError): Effect.Effect<A, FilesError> =>
    Effect.flatMap(turn, () => {
      disk.onOperation()
      const result = act()
      return result instanceof FilesError ? Effect.fail(result) : Effect.succeed(result)
    })
  const done = (act: () => FilesError | undefined): Effect.Effect<void, FilesError> => Effect.asVoid(operate(act))

  return {
    inspect: (path) => operate(() => files.inspect(path)),
    open: (found) =>
      Effect.succeed({
        read: (index, offset, length) => operate(() => files.readFound(found, index, offset, length))
      }),
    directory: (path) => operate(() => files.directory(path)),
    receive: (incoming) =>
      Effect.map(
        operate(() => files.land(incoming)),
        (fresh) => ({
          fresh,
          write: (index, offset, bytes) => done(() => files.write(incoming, index, offset, bytes)),
          read: (index, offset, length) => operate(() => files.readLanding(incoming, index, offset, length)),
          commit: (name) =>
            Effect.gen(function* () {
              yield* done(() => files.flush(incoming))
              const path = yield* operate(() => files.name(incoming, name))
              yield* done(() => files.flushNames())
              return path
            }),
          discard: Effect.sync(() => files.discard(incoming))
        })
      ),
    spool: spool(files, done)
  }
}

const spool = (
  files: FileTree,
  done: (act: () => FilesError | undefined) => Effect.Effect<void, FilesError>
): Files["Type"]["spool"] =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => files.spool()),
      (path) => Effect.sync(() => files.remove(path))
    ),
    (path) => ({ path, append: (bytes) => done(() => files.append(path, bytes)) })
  )
