import { constants } from "node:fs"
import * as Fs from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { FilesError, type Found, type FoundEntry, type Source } from "../../services/Files.js"
import { plain } from "./Addresses.js"
import { run } from "./FilesErrors.js"
import * as HandleCache from "./HandleCache.js"
import * as ReadAhead from "./ReadAhead.js"

/** Reads what was found, as `Files.open` promises. */
export const open = (found: Found): Effect.Effect<Source, never, Scope.Scope> =>
  Effect.gen(function* () {
    const ahead = yield* ReadAhead.make(
      (index) => isSmall(found.entries[index]),
      (index) => readWhole(found, index)
    )
    const handles = yield* HandleCache.make(async (index) => {
      const handle = await Fs.open(pathOf(found, index), READ_FLAGS | (isNamed(found, index) ? 0 : NO_LINK))
      try {
        await check(found, index, handle)
        return handle
      } catch (cause) {
        await handle.close()
        throw cause
      }
    })
    return {
      read: (index, offset, length) =>
        run(`read ${pathOf(found, index)}`, async () => {
          const { held, size } = found.entries[index]!
          if (held !== undefined) return held.slice(offset, offset + length)
          if (offset === 0 && length === size && isSmall(found.entries[index])) return ahead.read(index)
          const handle = await handles.get(index)
          const bytes = plain(Buffer.allocUnsafeSlow(length))
          for (let at = 0; at < length; ) {
            const { bytesRead } = await handle.read(bytes, at, length - at, offset + at)
            if (bytesRead === 0) throw changed(found, index)
            at += bytesRead
          }
          // Whoever reads to the end has read what was there all the time, as far as the file system tells.
          if (offset + length === found.entries[index]!.size) await check(found, index, handle)
          return bytes
        })
    }
  })

const isSmall = (entry: FoundEntry | undefined): boolean =>
  entry !== undefined && entry.held === undefined && entry.folder !== true && entry.size <= SMALL

/** A small file at once: what it is like is looked at once, when all of it was read. */
const readWhole = async (found: Found, index: number): Promise<Uint8Array> => {
  const { size } = found.entries[index]!
  const handle = await Fs.open(pathOf(found, index), READ_FLAGS | (isNamed(found, index) ? 0 : NO_LINK))
  try {
    const bytes = plain(Buffer.allocUnsafeSlow(size))
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(bytes, at, size - at, at)
      if (bytesRead === 0) throw changed(found, index)
      at += bytesRead
    }
    await check(found, index, handle)
    return bytes
  } finally {
    await handle.close()
  }
}

/** Bytes of files that are read before they are asked for: `MAX_AHEAD` of them hold a megabyte at most. */
const SMALL = 64 * 1024

const pathOf = (found: Found, index: number): string => {
  const { at, path } = found.entries[index]!
  return at ?? (found.kind === "file" ? found.path : join(found.path, path))
}

/** Whether the user has named the file, rather than a folder that it is in. */
const isNamed = ({ entries, kind }: Found, index: number): boolean => kind === "file" || entries[index]!.named === true

const check = async (found: Found, index: number, handle: Fs.FileHandle): Promise<void> => {
  const { mtimeMs, size } = found.entries[index]!
  const stat = await handle.stat()
  // What has grown still has what was offered, as far as anybody can tell; the receiver's hashes tell the rest.
  if (!stat.isFile() || stat.size < size || (stat.size === size && stat.mtimeMs !== mtimeMs))
    throw changed(found, index)
}

const changed = (found: Found, index: number): FilesError =>
  new FilesError({ reason: "Changed", message: `${pathOf(found, index)} has changed since it was offered` })

/** Opening a named pipe must not wait for its other end. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
/** In a folder links are not sent, nor what somebody has put there in a file's place since. */
const NO_LINK = constants.O_NOFOLLOW ?? 0
