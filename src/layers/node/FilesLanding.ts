import { execFile } from "node:child_process"
import { constants } from "node:fs"
import * as Fs from "node:fs/promises"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as FileName from "../../domain/FileName.js"
import { FilesError, type Incoming, type Landing, MAX_NUMBER, partsOf } from "../../services/Files.js"
import { Abreast } from "./Abreast.js"
import { plain } from "./Addresses.js"
import { codeOf } from "./Errno.js"
import { about, run } from "./FilesErrors.js"
import * as Folder from "./Folder.js"
import * as HandleCache from "./HandleCache.js"
import { SpareMemory } from "./SpareMemory.js"

/** Whether a name in a folder is that of something that is arriving there. */
export const isLanding = (name: string): boolean => /^\.parley-[0-9a-f]+\.part$/.test(name)

/** What a folder is asked with how it treats names. A process that is killed meanwhile leaves it to the next one. */
export const PROBE = ".parley-probe-\u00e4"

/** Receives as `Files.receive` promises. */
export const open = (incoming: Incoming): Effect.Effect<Landing, FilesError, Scope.Scope> =>
  Effect.gen(function* () {
    const { committing, directory, entries, kind, token } = incoming
    const partial = join(directory, `.parley-${token}.part`)
    const pathOf = (index: number) => (kind === "file" ? partial : join(partial, entries[index]!.path))

    /** It is not wanted any more: what still goes on must not make it anew. */
    let discarded = false
    const isMade = new Set<string>()
    const makeFolderOf = async (path: string) => {
      const folder = dirname(path)
      if (discarded) throw removed(path)
      if (kind !== "folder" || isMade.has(folder)) return
      await Folder.ensure(folder)
      isMade.add(folder)
    }
    const openEntry = async (index: number) => {
      const path = pathOf(index)
      await makeFolderOf(path)
      const handle = await Fs.open(path, OPEN_FLAGS, 0o600)
      try {
        const stat = await handle.stat()
        // A link count of two is somebody else's file under our name.
        if (!stat.isFile() || stat.nlink > 1) throw inTheWay(path)
        if (stat.size !== entries[index]!.size) await handle.truncate(entries[index]!.size)
        if (discarded) throw removed(path)
        return handle
      } catch (cause) {
        await handle.close()
        if (discarded) await Fs.rm(partial, { recursive: true, force: true })
        throw cause
      }
    }

    /** Files that have all they are to have but a flush. */
    const settled = new Set<number>()

    /**
     * Makes a small file whole at once, with its permissions and its time: four calls of the system instead of ten.
     * Nobody else can look into the hidden folder that it is in. What has its name already is written over.
     */
    const writeWhole = async (index: number, bytes: Uint8Array): Promise<void> => {
      const { executable, mtimeMs } = entries[index]!
      const path = pathOf(index)
      await makeFolderOf(path)
      const handle = await Fs.open(path, NEW_FLAGS, executable ? 0o777 : 0o666).catch(ifTaken)
      if (handle === undefined) return overwrite(index, bytes)
      try {
        await writeAll(handle, bytes, 0)
        if (mtimeMs !== undefined) await handle.utimes(mtimeMs / 1000, mtimeMs / 1000).catch(ignoreFixed)
      } finally {
        await handle.close()
      }
      settled.add(index)
    }

    const overwrite = async (index: number, bytes: Uint8Array): Promise<void> => {
      const handle = await openEntry(index)
      try {
        await writeAll(handle, bytes, 0)
      } finally {
        await handle.close()
      }
    }

    const writePart = (index: number, offset: number, bytes: Uint8Array): Promise<void> =>
      about(`write to ${pathOf(index)}`, async () => {
        if (kind === "folder" && bytes.length === entries[index]!.size && bytes.length <= SMALL) {
          const own = bytes.slice()
          return behind.add(() => about(`write to ${pathOf(index)}`, () => writeWhole(index, own)))
        }
        if (last !== index) await behind.settled()
        last = index
        settled.delete(index)
        const handle = await handles.get(index)
        const own = spare.copyOf(bytes)
        const write = () => writeAll(handle, own, offset).finally(() => spare.back(own))
        await behind.add(() => about(`write to ${pathOf(index)}`, write), Math.ceil(bytes.length / PIECE))
      })

    const handles = yield* HandleCache.make(openEntry)
    /** The entry that the latest piece of a large file was for. */
    let last: number | undefined
    const spare = new SpareMemory()
    /** What is written while more of it comes. */
    const behind = yield* Effect.acquireRelease(
      Effect.sync(() => new Abreast()),
      (behind) => Effect.promise(() => behind.settled().catch(() => {}))
    )
    const found = yield* run(`write to ${directory}`, async () => {
      const isThere = await exists(partial)
      const stored = committing === true && kind === "file" && isThere ? await otherName(directory, partial) : undefined
      if (stored !== undefined) await Fs.unlink(partial)
      else if (kind === "file") await handles.get(0)
      else await makeFolder(partial)
      return { fresh: !isThere || stored !== undefined, stored }
    })
    const files: Array<number> = []
    for (let index = 0; index < entries.length; index++) if (entries[index]!.folder !== true) files.push(index)

    /** Gives each file its size, its permissions, its time, and with `flush` a place on the disk that survives. */
    const settle = async (index: number, flush: boolean): Promise<void> => {
      const { executable, mtimeMs } = entries[index]!
      const handle = await openEntry(index)
      try {
        await handle.chmod((executable ? 0o777 : 0o666) & ~process.umask()).catch(ignoreFixed)
        if (mtimeMs !== undefined) await handle.utimes(mtimeMs / 1000, mtimeMs / 1000).catch(ignoreFixed)
        if (flush) await handle.sync()
      } finally {
        await handle.close()
      }
    }

    const settleAll = async (flush: boolean): Promise<void> => {
      const open = flush ? files : files.filter((index) => !settled.has(index))
      for (let at = 0; at < open.length; at += SETTLED_AT_ONCE)
        await Promise.all(open.slice(at, at + SETTLED_AT_ONCE).map((index) => settle(index, flush)))
    }

    /** The folders below, each before the one that it is in, as making something in one changes its time. */
    const settleFolders = async (flush: boolean): Promise<void> => {
      const times = new Map<string, number | undefined>()
      for (const { folder, mtimeMs, path } of entries) if (folder === true) times.set(path, mtimeMs)
      const made = await makeFolders(partial, entries)
      for (const path of made.reverse()) {
        const mtimeMs = times.get(path)
        const full = join(partial, path)
        await Fs.chmod(full, 0o777 & ~process.umask()).catch(ignoreFixed)
        if (mtimeMs !== undefined) await Fs.utimes(full, mtimeMs / 1000, mtimeMs / 1000).catch(ignoreFixed)
        if (flush) await Folder.sync(full)
      }
    }

    return {
      fresh: found.fresh,
      ...(found.stored !== undefined && { stored: found.stored }),
      write: (index, offset, bytes) =>
        run(`write to ${partial}`, async () => {
          for (const { at, length, ...part } of partsOf(entries, index, offset, bytes.length))
            await writePart(part.index, part.offset, bytes.subarray(at, at + length))
        }),
      read: (index, offset, length) =>
        run(`read ${partial}`, async () => {
          await behind.settled()
          const bytes = plain(Buffer.alloc(length))
          for (const part of partsOf(entries, index, offset, length))
            await about(`read ${pathOf(part.index)}`, async () =>
              readSome(await handles.get(part.index), bytes.subarray(part.at, part.at + part.length), part.offset)
            )
          return bytes
        }),
      commit: (name) =>
        run(`store ${join(directory, name)}`, async () => {
          await behind.settled()
          await handles.close()
          const isBatch = files.length >= BATCH
          await settleAll(!isBatch)
          if (kind === "folder") await settleFolders(!isBatch)
          // Where the system cannot flush all at once, each is flushed for itself after all.
          if (isBatch && !(await flushAll(partial))) {
            await settleAll(true)
            if (kind === "folder") await settleFolders(true)
          }
          const path = await (kind === "file" ? nameFile : nameFolder)(partial, directory, name)
          await Folder.sync(directory)
          await Fs.rm(join(directory, PROBE), { force: true })
          return path
        }),
      discard: Effect.promise(async () => {
        discarded = true
        await behind.settled().catch(() => {})
        await handles.close().catch(() => {})
        await Fs.rm(partial, { recursive: true, force: true }).catch(() => {})
      })
    }
  })

const writeAll = async (handle: Fs.FileHandle, bytes: Uint8Array, offset: number): Promise<void> => {
  for (let at = 0; at < bytes.length; )
    at += (await handle.write(bytes, at, bytes.length - at, offset + at)).bytesWritten
}

/** Fills `bytes` as far as the file goes. */
const readSome = async (handle: Fs.FileHandle, bytes: Uint8Array, offset: number): Promise<void> => {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at, offset + at)
    if (bytesRead === 0) return
    at += bytesRead
  }
}

const ifTaken = (cause: unknown): undefined => {
  if (codeOf(cause) !== "EEXIST") throw cause
  return undefined
}

/** A file that was not there before, of any kind. */
const NEW_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
/** Never through a link, and never waiting for the other end of a pipe. */
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Bytes of files that are written while the next ones come: those under way hold a megabyte at most. */
const SMALL = 64 * 1024
/** Bytes of a large file that count as one of those: 4 MB of it are under way at most, and one piece more. */
const PIECE = 256 * 1024

/** Files that are flushed side by side: enough to keep a disk busy. */
const SETTLED_AT_ONCE = 8

const makeFolder = async (path: string): Promise<void> => {
  await Fs.mkdir(path, { mode: 0o700 }).catch(async (cause) => {
    const stat = await Fs.lstat(path)
    if (!stat.isDirectory() || stat.uid !== (process.getuid?.() ?? stat.uid)) throw cause
  })
}

/**
 * Makes all folders below `partial` where they are missing, one call of the system after the other, so that others run
 * in between. Their paths, each after the one that it is in; the one that arrives is an empty path.
 */
const makeFolders = async (partial: string, entries: Incoming["entries"]): Promise<Array<string>> => {
  const made = [""]
  const known = new Set(made)
  for (const [index, { folder, path }] of entries.entries()) {
    if (index % LOOKED_AT_ONCE === 0) await new Promise((resume) => setImmediate(resume))
    const missing: Array<string> = []
    for (let at = folder === true ? path : parentOf(path); !known.has(at); at = parentOf(at)) missing.push(at)
    for (const each of missing.reverse()) {
      known.add(each)
      made.push(each)
      await Folder.ensure(join(partial, each))
    }
  }
  return made
}

/** Entries whose folders are known already that are looked at in one piece: some milliseconds at most. */
const LOOKED_AT_ONCE = 2_048

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

/** The other name of a file that was linked to the place where it is to stay, just before a process was killed. */
const otherName = async (directory: string, partial: string): Promise<string | undefined> => {
  const { dev, ino, nlink } = await Fs.lstat(partial)
  if (nlink !== 2) return undefined
  for await (const { name } of await Fs.opendir(directory)) {
    const path = join(directory, name)
    if (path === partial) continue
    const stat = await Fs.lstat(path).catch(() => undefined)
    if (stat?.ino === ino && stat.dev === dev) return path
  }
  return undefined
}

/**
 * Makes everything on the file system of `path` survive a crash, with one call of the system (syncfs) instead of one a
 * file; whether that could be done. Node has no such call: the program `sync` does it.
 */
const flushAll = (path: string): Promise<boolean> =>
  process.platform !== "linux"
    ? Promise.resolve(false)
    : new Promise((resolve) => {
        execFile("sync", ["-f", path], { timeout: FLUSH_TIMEOUT, env: { PATH: SYSTEM_PATH } }, (error) =>
          resolve(error === null)
        )
      })

/** Files from which on one flush of everything is cheaper than one of each: some 8 ms a file on a disk. */
const BATCH = 64
/** Milliseconds: what other programs have written is flushed as well. */
const FLUSH_TIMEOUT = 120_000
/** Nothing that the user's own PATH has. */
const SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"

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
 * In one step, so that a process that is killed leaves nothing else of this name. A folder can take the place of
 * nothing but an empty one, which somebody may have made since it was looked for.
 */
const nameFolder = (partial: string, directory: string, name: FileName.FileName): Promise<string> =>
  firstFree(directory, name, async (path) => {
    if (await exists(path)) throw Object.assign(new Error(path), { code: "EEXIST" })
    await Fs.rename(partial, path)
  })

const firstFree = async (
  directory: string,
  name: FileName.FileName,
  take: (path: string) => Promise<void>
): Promise<string> => {
  const pathOf = (number: number) => join(directory, number === 1 ? name : FileName.numbered(name, number))
  for (let number = await firstToTry((number) => exists(pathOf(number))); number <= MAX_NUMBER; number++) {
    const path = pathOf(number)
    try {
      await take(path)
      return path
    } catch (cause) {
      if (!TAKEN.has(codeOf(cause))) throw cause
    }
  }
  throw new FilesError({ reason: "Other", message: `there are ${MAX_NUMBER} things called ${name} in ${directory}` })
}

/**
 * A number that is free, and none below it, as far as those that are taken stand in a row: of ten thousand files of one
 * name not each new one asks for all.
 */
const firstToTry = async (isTaken: (number: number) => Promise<boolean>): Promise<number> => {
  let [free, taken] = [1, 0]
  while (free <= MAX_NUMBER && (await isTaken(free))) [taken, free] = [free, 2 * free]
  while (free - taken > 1) {
    const middle = (free + taken) >>> 1
    if (middle > MAX_NUMBER || !(await isTaken(middle))) free = middle
    else taken = middle
  }
  return free
}

const TAKEN: ReadonlySet<string> = new Set(["EEXIST", "ENOTEMPTY"])

const exists = (path: string): Promise<boolean> =>
  Fs.lstat(path).then(
    () => true,
    () => false
  )

const removed = (path: string): FilesError =>
  new FilesError({ reason: "NotFound", message: `${path} is not wanted any more` })

const inTheWay = (path: string): FilesError =>
  new FilesError({ reason: "Other", message: `${path} is not the file that we made` })
