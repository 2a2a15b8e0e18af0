import { constants, type Stats } from "node:fs"
import * as Fs from "node:fs/promises"
import { basename, join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { MAX_ENTRIES } from "../../protocol/FileRecord.js"
import { Files, FilesError, type Found, type FoundEntry } from "../../services/Files.js"
import { run } from "./FilesErrors.js"
import * as FilesLanding from "./FilesLanding.js"
import * as FilesSource from "./FilesSource.js"
import * as Folder from "./Folder.js"

/**
 * The file system of this machine. Spooled bytes go to the folder `spool` below `home`, which is made (0700) when it is
 * needed.
 */
export const layer = (home: string): Layer.Layer<Files> => Layer.succeed(Files, make(resolve(home, "spool")))

const make = (spool: string): typeof Files.Service => ({
  inspect: (path) => run(`read ${path}`, () => inspect(resolve(path))),
  open: FilesSource.open,
  directory: (path) => run(`put anything into ${path}`, () => directory(resolve(path))),
  receive: FilesLanding.open,
  spool: Effect.acquireRelease(
    run(`write to ${spool}`, async () => {
      await Folder.make(spool)
      await Folder.sweep(spool)
      const path = Folder.temporaryPath(spool)
      return { path, handle: await Fs.open(path, "wx", 0o600) }
    }),
    ({ handle, path }) =>
      Effect.promise(async () => {
        await handle.close().catch(() => {})
        await Fs.rm(path, { force: true }).catch(() => {})
      })
  ).pipe(
    Effect.map(({ handle, path }) => ({
      path,
      append: (bytes) => run(`write to ${path}`, () => handle.appendFile(bytes))
    }))
  )
})

const inspect = async (path: string): Promise<Found> => {
  const stat = await Fs.stat(path)
  const name = basename(path)
  if (stat.isFile()) return { path, kind: "file", name, entries: [entryOf(name, stat)], skipped: 0 }
  if (!stat.isDirectory()) throw notAFile(path)
  const entries: Array<FoundEntry> = []
  const skipped = await walk(path, "", entries)
  entries.sort((a, b) => (a.path < b.path ? -1 : 1))
  return { path, kind: "folder", name, entries, skipped }
}

/** Adds the files below a folder to `entries`; gives how many things there are that are neither file nor folder. */
const walk = async (root: string, prefix: string, entries: Array<FoundEntry>): Promise<number> => {
  let skipped = 0
  for await (const found of await Fs.opendir(join(root, prefix))) {
    const path = prefix === "" ? found.name : `${prefix}/${found.name}`
    if (found.isDirectory()) {
      if (FilesLanding.isLanding(found.name)) skipped++
      else skipped += await walk(root, path, entries)
      continue
    }
    const stat = await Fs.lstat(join(root, path))
    if (!stat.isFile() || FilesLanding.isLanding(found.name)) skipped++
    else if (entries.push(entryOf(path, stat)) > MAX_ENTRIES) {
      throw new FilesError({ reason: "TooLarge", message: `there are over ${MAX_ENTRIES} files in ${root}` })
    }
  }
  return skipped
}

const entryOf = (path: string, { mode, mtimeMs, size }: Stats): FoundEntry => ({
  path,
  size,
  mtimeMs,
  executable: (mode & 0o100) !== 0
})

const directory = async (path: string) => {
  if (!(await Fs.stat(path)).isDirectory()) {
    throw new FilesError({ reason: "NotFound", message: `${path} is no folder` })
  }
  await Fs.access(path, constants.W_OK)
  const { bavail, bsize } = await Fs.statfs(path)
  return { path, free: bavail * bsize }
}

const notAFile = (path: string) =>
  new FilesError({ reason: "NotAFile", message: `${path} is neither a file nor a folder` })
