import { constants } from "node:fs"
import * as Fs from "node:fs/promises"
import { join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Files, FilesError } from "../../services/Files.js"
import { run } from "./FilesErrors.js"
import { inspect } from "./FilesFound.js"
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

const directory = async (path: string) => {
  if (!(await Fs.stat(path)).isDirectory()) {
    throw new FilesError({ reason: "NotFound", message: `${path} is no folder` })
  }
  await Fs.access(path, constants.W_OK)
  const { bavail, blocks, bsize } = await Fs.statfs(path)
  // A file system in memory may count nothing at all.
  const free = blocks === 0 ? undefined : bavail * bsize
  // Where nothing fits any more not even an empty file may; then nothing will arrive that could have a wrong name.
  return { path, free, folds: await foldsNames(path).catch(() => true) }
}

/** Asks the folder itself: a file of ours is looked for under another form of its name. */
const foldsNames = async (path: string): Promise<boolean> => {
  const probe = join(path, FilesLanding.PROBE)
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const handle = await Fs.open(probe, PROBE_FLAGS, 0o600)
    try {
      const folds =
        (await exists(join(path, FilesLanding.PROBE.toUpperCase()))) ||
        (await exists(join(path, FilesLanding.PROBE.normalize("NFD"))))
      // Whoever else asks takes it away afterwards: what was seen counts when it was there all the time.
      const now = await Fs.lstat(probe).catch(() => undefined)
      if (now?.ino === (await handle.stat()).ino) return folds
    } finally {
      await handle.close()
      await Fs.rm(probe, { force: true })
    }
  }
  // Names that are numbered for nothing do no harm.
  return true
}

/** Disks on which a file is not known again by its number never tell. */
const MAX_TRIES = 8
const PROBE_FLAGS = constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

const exists = (path: string): Promise<boolean> =>
  Fs.lstat(path).then(
    () => true,
    () => false
  )
