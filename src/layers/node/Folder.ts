import * as Fs from "node:fs/promises"
import { dirname, join } from "node:path"
import * as ProcessId from "./ProcessId.js"

/** Makes the folder and those above it, private to their owner, so that they survive a crash. */
export const make = async (folder: string): Promise<void> => {
  const first = await Fs.mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  // A new folder survives when its entry in the one above does.
  for (let made = folder; ; made = dirname(made)) {
    await sync(dirname(made))
    if (made === first || made === dirname(made)) return
  }
}

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
