import * as Fs from "node:fs/promises"
import { dirname, join } from "node:path"
import * as ProcessId from "./ProcessId.js"

/** Makes the folder and those above it, private to their owner, so that they survive a crash. */
export const make = async (folder: string): Promise<void> => {
  const first = await ensure(folder)
  if (first === undefined) return
  // A new folder survives when its entry in the one above does.
  for (let made = folder; ; made = dirname(made)) {
    await sync(dirname(made))
    if (made === first || made === dirname(made)) return
  }
}

/**
 * Makes the folder and those above it that are not there, private to their owner. The topmost that was made, if any.
 * Not with `recursive` of Node: where a folder is there and takes none all the same, as /proc, Node 20 tries for ever.
 */
export const ensure = async (folder: string): Promise<string | undefined> => {
  try {
    return await makeOne(folder)
  } catch (cause) {
    const above = dirname(folder)
    if (!isMissing(cause) || above === folder) throw cause
    const first = await ensure(above)
    return (await makeOne(folder)) === undefined ? first : (first ?? folder)
  }
}

/** The folder, if it was not there before; the one that it is in has to be. */
const makeOne = async (folder: string): Promise<string | undefined> => {
  try {
    await Fs.mkdir(folder, { mode: 0o700 })
    return folder
  } catch (cause) {
    if (!isMissing(cause) && (await isFolder(folder))) return undefined
    throw cause
  }
}

const isMissing = (cause: unknown): boolean => (cause as NodeJS.ErrnoException).code === "ENOENT"

const isFolder = (path: string): Promise<boolean> =>
  Fs.stat(path).then(
    (stat) => stat.isDirectory(),
    () => false
  )

/**
 * Makes the names in a folder survive a crash. Where folders cannot be flushed (Windows) the system keeps them in order
 * itself.
 */
export const sync = async (folder: string): Promise<void> => {
  let handle: Fs.FileHandle | undefined
  try {
    handle = await Fs.open(folder, "r")
    await handle.sync()
  } catch (cause) {
    if (!UNSUPPORTED.has((cause as NodeJS.ErrnoException).code ?? "")) throw cause
  } finally {
    await handle?.close()
  }
}

const UNSUPPORTED: ReadonlySet<string> = new Set(["EPERM", "EISDIR", "EINVAL", "ENOTSUP", "EACCES"])

let serial = 0

/** A fresh name that no file of a store can have (`~`), and that tells whose it is. */
export const temporaryPath = (folder: string): string => {
  const { pid, place, started } = ProcessId.own()
  return join(folder, `~${place}-${pid}-${started}-${++serial}`)
}

/** Removes what processes that died in the middle of a write have left. Best effort: leftovers harm nobody. */
export const sweep = async (folder: string): Promise<void> => {
  for (const name of await Fs.readdir(folder)) {
    const match = /^~([0-9a-f]{12})-(\d+)-(\d*)-\d+$/.exec(name)
    if (match === null) continue
    const file = join(folder, name)
    const id = { place: match[1]!, pid: Number(match[2]), started: match[3]! }
    if (id.place === ProcessId.own().place ? ProcessId.isAlive(id) : await isRecent(file)) continue
    await Fs.rm(file, { force: true }).catch(() => {})
  }
}

/** Of a process in another container or on another machine only the age of what it left tells. */
const isRecent = async (file: string): Promise<boolean> => {
  const stat = await Fs.stat(file).catch(() => undefined)
  return stat === undefined || Date.now() - stat.mtimeMs < ABANDONED
}

/** ms: no write of a small file takes a day, and the clocks of two machines rarely differ by more. */
const ABANDONED = 86_400_000
