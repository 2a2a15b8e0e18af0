import { constants, type Stats } from "node:fs"
import * as Fs from "node:fs/promises"
import { dirname, join, resolve, sep } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Store, StoreError } from "../../services/Store.js"
import * as StoreName from "../../services/StoreName.js"
import { plain } from "./Addresses.js"
import { codeOf } from "./Errno.js"
import * as Exposure from "./Exposure.js"
import * as FileLock from "./FileLock.js"
import * as Folder from "./Folder.js"
import * as Journal from "./Journal.js"
import { fromCause } from "./StoreErrors.js"

/** The folder `directory`, which is made (0700, files 0600) when something is first written to it. */
export const layer = (directory: string): Layer.Layer<Store> => Layer.effect(Store, make(resolve(directory)))

const make = (location: string): Effect.Effect<typeof Store.Service> =>
  Effect.gen(function* () {
    const turn = yield* Effect.makeSemaphore(1)
    const swept = new Set<string>()

    const pathOf = (name: string): Effect.Effect<string, StoreError> => {
      const segments = StoreName.parse(name)
      return segments === undefined ? Effect.fail(StoreName.badName(name)) : Effect.succeed(join(location, ...segments))
    }

    /** Uninterruptible: nothing of an operation goes on behind the back of a scope that has closed. */
    const run = <A>(doing: string, act: () => Promise<A>): Effect.Effect<A, StoreError> =>
      Effect.uninterruptible(Effect.tryPromise({ try: act, catch: (cause) => fromCause(doing, cause) }))

    /** Folders whose lock somebody elsewhere took over while this machine stood still. */
    const lost = new Set<string>()
    const guard = (path: string): void => {
      for (const folder of lost) if (path.startsWith(`${folder}${sep}`)) throw takenOver(folder)
    }

    const lockAt = (path: string) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const watched: FileLock.Watched = new Map()
          const attempt = () => FileLock.attempt(path, watched, () => lost.add(dirname(path)))
          for (;;) {
            const outcome = yield* run(`lock ${path}`, () => prepare(dirname(path)).then(attempt))
            if (outcome._tag === "Held")
              return yield* Effect.addFinalizer(() => Effect.promise(() => outcome.release().catch(() => {})))
            if (outcome.isCertain) return yield* outcome.error
            yield* restore(Effect.sleep(WATCH))
          }
        })
      )

    const prepare = async (folder: string) => {
      await Folder.make(folder)
      if (swept.has(folder) || swept.size >= MAX_SWEPT) return
      swept.add(folder)
      await Folder.sweep(folder)
    }

    return {
      location,
      read: (name) => Effect.flatMap(pathOf(name), (path) => run(`read ${path}`, () => read(path))),
      readSecret: (name) =>
        Effect.flatMap(pathOf(name), (path) => run(`read ${path}`, () => readSecret(path, location))),
      write: (name, content) =>
        Effect.flatMap(pathOf(name), (path) =>
          run(`write ${path}`, () => prepare(dirname(path)).then(() => replace(path, content, guard)))
        ).pipe(turn.withPermits(1)),
      journal: (name) => Effect.flatMap(pathOf(name), (path) => Journal.open(path, guard)),
      remove: (name) =>
        Effect.flatMap(pathOf(name), (path) => run(`remove ${path}`, () => remove(path, guard))).pipe(
          turn.withPermits(1)
        ),
      list: (folder) =>
        Effect.flatMap(folder === "" ? Effect.succeed(location) : pathOf(folder), (path) =>
          run(`list ${path}`, () => list(path, folder === "" ? [] : folder.split("/")))
        ),
      lock: (name) => Effect.flatMap(pathOf(name), lockAt)
    }
  })

/** Far more folders than a program writes to; the leftovers of a crash in further ones stay until the next start. */
const MAX_SWEPT = 1000

/** Between two looks at a lock whose holder may be dead: often enough to see each of its signs of life. */
const WATCH = "1 second"

/** More files than any store of ours has; the listing of a foreign tree stops here. */
const MAX_LISTED = 100_000

/** Opening a named pipe must not wait for its other end. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

const readSecret = async (path: string, top: string): Promise<Option.Option<Uint8Array>> => {
  refuse(await Exposure.ofFolders(path, top))
  return read(path, (stat) => refuse(Exposure.ofSecret(path, stat)))
}

const refuse = (exposure: string | undefined): void => {
  if (exposure !== undefined) throw new StoreError({ reason: "Exposed", message: exposure })
}

const read = async (path: string, check?: (stat: Stats) => void): Promise<Option.Option<Uint8Array>> => {
  let handle: Fs.FileHandle
  try {
    handle = await Fs.open(path, READ_FLAGS)
  } catch (cause) {
    if (isMissing(cause)) return Option.none()
    throw cause
  }
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new Error("it is no regular file")
    check?.(stat)
    if (stat.size > StoreName.MAX_FILE_BYTES) throw StoreName.tooLarge(`read ${path}`)
    return Option.some(plain(await handle.readFile()))
  } finally {
    await handle.close()
  }
}

type Guard = (path: string) => void

const takenOver = (folder: string): StoreError =>
  new StoreError({
    reason: "Locked",
    message: `${folder} was taken over from another container or machine while this one stood still: start anew`
  })

const replace = async (path: string, content: Uint8Array, guard: Guard): Promise<void> => {
  guard(path)
  if (content.length > StoreName.MAX_FILE_BYTES) throw StoreName.tooLarge(`write ${path}`)
  const temporary = Folder.temporaryPath(dirname(path))
  try {
    const handle = await Fs.open(temporary, "wx", 0o600)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await Fs.rename(temporary, path)
  } catch (cause) {
    await Fs.rm(temporary, { force: true }).catch(() => {})
    throw cause
  }
  await Folder.sync(dirname(path))
}

const remove = async (path: string, guard: Guard): Promise<void> => {
  guard(path)
  try {
    await Fs.unlink(path)
  } catch (cause) {
    if (isMissing(cause)) return
    throw cause
  }
  await Folder.sync(dirname(path))
}

const list = async (root: string, prefix: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  const visit = async (path: string, segments: ReadonlyArray<string>): Promise<void> => {
    for (const entry of await entriesOf(path)) {
      const name = [...segments, entry.name].join("/")
      if (StoreName.parse(name) === undefined) continue
      if (entry.isDirectory()) await visit(join(path, entry.name), [...segments, entry.name])
      else if (entry.isFile() && found.push(name) > MAX_LISTED) {
        throw new StoreError({ reason: "TooLarge", message: `there are over ${MAX_LISTED} files in ${root}` })
      }
    }
  }
  await visit(root, prefix)
  return found.sort()
}

const entriesOf = (path: string) =>
  Fs.readdir(path, { withFileTypes: true }).catch((cause) => {
    if (isMissing(cause)) return []
    throw cause
  })

const isMissing = (cause: unknown): boolean => codeOf(cause) === "ENOENT" || codeOf(cause) === "ENOTDIR"
