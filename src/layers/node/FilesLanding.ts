import { constants } from "node:fs"
import * as Fs from "node:fs/promises"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as FileName from "../../domain/FileName.js"
import { FilesError, type Incoming, type Landing, MAX_NUMBER } from "../../services/Files.js"
import { plain } from "./Addresses.js"
import { codeOf } from "./Errno.js"
import { run } from "./FilesErrors.js"
import * as Folder from "./Folder.js"
import * as HandleCache from "./HandleCache.js"

/** Whether a name in a folder is that of something that is arriving there. */
export const isLanding = (name: string): boolean => /^\.parley-[0-9a-f]+\.part$/.test(name)

/** Receives as `Files.receive` promises. */
export const open = (incoming: Incoming): Effect.Effect<Landing, FilesError, Scope.Scope> =>
  Effect.gen(function* () {
    const { directory, entries, kind, token } = incoming
    const partial = join(directory, `.parley-${token}.part`)
    const pathOf = (index: number) => (kind === "file" ? partial : join(partial, entries[index]!.path))

    const openEntry = async (index: number) => {
      const path = pathOf(index)
      if (kind === "folder") await Fs.mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const handle = await Fs.open(path, OPEN_FLAGS, 0o600)
      try {
        const stat = await handle.stat()
        // A link count of two is somebody else's file under our name.
        if (!stat.isFile() || stat.nlink > 1) throw inTheWay(path)
        if (stat.size !== entries[index]!.size) await handle.truncate(entries[index]!.size)
        return handle
      } catch (cause) {
        await handle.close()
        throw cause
      }
    }

    const handles = yield* HandleCache.make(openEntry)
    const fresh = yield* run(`write to ${directory}`, async () => {
      const isThere = await exists(partial)
      if (kind === "file") await handles.get(0)
      else await makeFolder(partial)
      return !isThere
    })

    /** Gives each file its size, its permissions and a place on the disk that survives. */
    const settle = async (index: number): Promise<void> => {
      const handle = await openEntry(index)
      try {
        await handle.chmod((entries[index]!.executable ? 0o777 : 0o666) & ~process.umask()).catch(ignoreFixed)
        await handle.sync()
      } finally {
        await handle.close()
      }
    }

    return {
      fresh,
      write: (index, offset, bytes) =>
        run(`write to ${pathOf(index)}`, async () => {
          const handle = await handles.get(index)
          for (let at = 0; at < bytes.length; )
            at += (await handle.write(bytes, at, bytes.length - at, offset + at)).bytesWritten
        }),
      read: (index, offset, length) =>
        run(`read ${pathOf(index)}`, async () => {
          const handle = await handles.get(index)
          const bytes = plain(Buffer.alloc(length))
          for (let at = 0; at < length; ) {
            const { bytesRead } = await handle.read(bytes, at, length - at, offset + at)
            if (bytesRead === 0) break
            at += bytesRead
          }
          return bytes
        }),
      commit: (name) =>
        run(`store ${join(directory, name)}`, async () => {
          await handles.close()
          for (let at = 0; at < entries.length; at += SETTLED_AT_ONCE)
            await Promise.all(entries.slice(at, at + SETTLED_AT_ONCE).map((_, index) => settle(at + index)))
          if (kind === "folder") await settleFolders(partial)
          const path = await (kind === "file" ? nameFile : nameFolder)(partial, directory, name)
          await Folder.sync(directory)
          return path
        }),
      discard: Effect.promise(async () => {
        await handles.close().catch(() => {})
        await Fs.rm(partial, { recursive: true, force: true }).catch(() => {})
      })
    }
  })

/** Never through a link, and never waiting for the other end of a pipe. */
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Files that are flushed side by side: enough to keep a disk busy. */
const SETTLED_AT_ONCE = 8

const makeFolder = async (path: string): Promise<void> => {
  await Fs.mkdir(path, { mode: 0o700 }).catch(async (cause) => {
    const stat = await Fs.lstat(path)
    if (!stat.isDirectory() || stat.uid !== (process.getuid?.() ?? stat.uid)) throw cause
  })
}

const settleFolders = async (folder: string): Promise<void> => {
  for await (const entry of await Fs.opendir(folder))
    if (entry.isDirectory()) await settleFolders(join(folder, entry.name))
  await Fs.chmod(folder, 0o777 & ~process.umask()).catch(ignoreFixed)
  await Folder.sync(folder)
}

/** Permissions that a mounted stick or share does not let us change are no reason to lose what has arrived. */
const ignoreFixed = (cause: unknown): void => {
  if (!FIXED.has(codeOf(cause))) throw cause
}

const FIXED: ReadonlySet<string> = new Set(["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"])

/** A second name for the file, which fails where there is one already, then the first one away. */
const nameFile = (partial: string, directory: string, name: FileName.FileName): Promise<string> =>
  firstFree(directory, name, async (path) => {
    try {
      await Fs.link(partial, path)
      await Fs.unlink(partial)
    } catch (cause) {
      if (!NO_LINKS.has(codeOf(cause))) throw cause
      // A file system without hard links: a file of ours takes the name, to be replaced at once.
      await (await Fs.open(path, "wx", 0o600)).close()
      await Fs.rename(partial, path)
    }
  })

/** What `link` fails with where there are no links; EEXIST is not among them. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"])

/**
 * An empty folder of ours takes the name, and the full one its place: that fails if anybody has put something into it.
 */
const nameFolder = (partial: string, directory: string, name: FileName.FileName): Promise<string> =>
  firstFree(directory, name, async (path) => {
    await Fs.mkdir(path, { mode: 0o700 })
    // Windows moves nothing onto a folder.
    if (process.platform === "win32") await Fs.rmdir(path)
    await Fs.rename(partial, path)
  })

const firstFree = async (
  directory: string,
  name: FileName.FileName,
  take: (path: string) => Promise<void>
): Promise<string> => {
  for (let number = 1; number <= MAX_NUMBER; number++) {
    const path = join(directory, number === 1 ? name : FileName.numbered(name, number))
    try {
      await take(path)
      return path
    } catch (cause) {
      if (!TAKEN.has(codeOf(cause))) throw cause
    }
  }
  throw new FilesError({ reason: "Other", message: `there are ${MAX_NUMBER} things called ${name} in ${directory}` })
}

const TAKEN: ReadonlySet<string> = new Set(["EEXIST", "ENOTEMPTY"])

const exists = (path: string): Promise<boolean> =>
  Fs.lstat(path).then(
    () => true,
    () => false
  )

const inTheWay = (path: string): FilesError =>
  new FilesError({ reason: "Other", message: `${path} is not the file that we made` })
