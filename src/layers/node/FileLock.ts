import { randomBytes } from "node:crypto"
import * as Fs from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { StoreError } from "../../services/Store.js"
import * as ProcessId from "./ProcessId.js"

/**
 * A lock between processes, for systems without a common call that frees a lock when its holder dies.
 *
 * Whoever wants the lock first puts up a file that names it, then looks for others'. A file of a living process means
 * that the lock is taken; those of dead ones are removed. Of two that come at once the later one to look sees the
 * other, so that two never hold the lock (both may be refused). No file is ever written to by two, or judged by
 * anything but its name: a single lock file that is taken over from a dead holder cannot be removed without the risk of
 * removing its successor.
 */
export interface FileLock {
  readonly release: () => Promise<void>
}

/** Takes the lock `path`, whose folder exists, or throws a `StoreError`: `Locked` when somebody lives who has it. */
export const acquire = async (path: string): Promise<FileLock> => {
  // Within one process the set decides, so that of many exactly one gets the lock.
  if (held.has(path)) throw locked(path, process.pid)
  held.add(path)
  const { pid, started } = ProcessId.own()
  const mine = `${path}~lock-${pid}-${started}-${randomBytes(6).toString("hex")}`
  const release = async () => {
    await Fs.rm(mine, { force: true })
    held.delete(path)
  }
  try {
    await Fs.writeFile(mine, "", { flag: "wx", mode: 0o600 })
    const holder = await findOther(path, mine)
    if (holder !== undefined) throw locked(path, holder)
  } catch (cause) {
    await release().catch(() => held.delete(path))
    throw cause
  }
  return { release }
}

/** The locks of this process. Grows with what is held at one time. */
const held = new Set<string>()

/** A living process, other than by the file `mine`, that wants or has the lock. */
const findOther = async (path: string, mine: string): Promise<number | undefined> => {
  const folder = dirname(path)
  const prefix = `${basename(path)}~lock-`
  for (const name of await Fs.readdir(folder)) {
    if (!name.startsWith(prefix) || name === basename(mine)) continue
    const match = /^(\d{1,10})-(\d*)-[0-9a-f]+$/.exec(name.slice(prefix.length))
    if (match === null) continue
    const id = { pid: Number(match[1]), started: match[2]! }
    if (ProcessId.isAlive(id)) return id.pid
    await Fs.rm(join(folder, name), { force: true })
  }
  return undefined
}

const locked = (path: string, pid: number): StoreError =>
  new StoreError({ reason: "Locked", message: `process ${pid} is using ${path}: end it first` })
