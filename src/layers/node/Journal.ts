import { ftruncateSync, writeSync } from "node:fs"
import * as Fs from "node:fs/promises"
import { dirname } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Journal, StoreError } from "../../services/Store.js"
import { MAX_FILE_BYTES, tooLarge } from "../../services/StoreName.js"
import { codeOf } from "./Errno.js"
import * as Folder from "./Folder.js"
import { fromCause } from "./StoreErrors.js"

/**
 * Opens the file at `path` for appending, as `Store.journal` promises. `guard` throws when that is no longer allowed.
 */
export const open = (path: string, guard: (path: string) => void): Effect.Effect<Journal, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const file = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => openFile(path), catch: (cause) => fromCause(`open ${path}`, cause) }),
      ({ handle }) => Effect.promise(() => handle.close().catch(() => {}))
    )
    const syncing = yield* Effect.makeSemaphore(1)
    return {
      append: (bytes) => {
        try {
          guard(path)
          append(file, path, bytes)
          return undefined
        } catch (cause) {
          return fromCause(`append to ${path}`, cause)
        }
      },
      // Beside appends, which take microseconds where a flush takes milliseconds.
      sync: syncing.withPermits(1)(
        Effect.uninterruptible(
          Effect.tryPromise({ try: () => sync(file, path), catch: (cause) => fromCause(`flush ${path}`, cause) })
        )
      )
    }
  })

interface OpenFile {
  readonly handle: Fs.FileHandle
  length: number
  /** How much of that is flushed; -1 as long as its name is not. */
  synced: number
  /** The failure after which nobody knows what the file holds; all later operations fail with it. */
  broken: unknown
}

const openFile = async (path: string): Promise<OpenFile> => {
  const open = () => Fs.open(path, "a", 0o600)
  const handle = await open().catch(async (cause) => {
    if (codeOf(cause) !== "ENOENT") throw cause
    await Folder.make(dirname(path))
    return open()
  })
  try {
    return { handle, length: (await handle.stat()).size, synced: -1, broken: undefined }
  } catch (cause) {
    await handle.close()
    throw cause
  }
}

/**
 * Without a trip through the thread pool: into the page cache that takes 2 µs where the trip takes 40, and far more on
 * a busy machine.
 */
const append = (file: OpenFile, path: string, bytes: Uint8Array): void => {
  if (file.broken !== undefined) throw file.broken
  if (file.length + bytes.length > MAX_FILE_BYTES) throw tooLarge(`append to ${path}`)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file.handle.fd, bytes, at)
    file.length += bytes.length
  } catch (cause) {
    // A half-written record in the middle would spoil all that follow it.
    try {
      ftruncateSync(file.handle.fd, file.length)
    } catch (second) {
      file.broken = second
    }
    throw cause
  }
}

const sync = async (file: OpenFile, path: string): Promise<void> => {
  if (file.broken !== undefined) throw file.broken
  const { length } = file
  if (file.synced === length) return
  try {
    await file.handle.datasync()
    if (file.synced < 0) await Folder.sync(dirname(path))
    file.synced = length
  } catch (cause) {
    // The system may have dropped what it could not write, and a second attempt would report success.
    file.broken = cause
    throw cause
  }
}
