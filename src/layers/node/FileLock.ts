import * as Fs from "node:fs/promises"
import { dirname } from "node:path"
import { StoreError } from "../../services/Store.js"
import { codeOf } from "./Errno.js"
import * as Folder from "./Folder.js"
import * as ProcessId from "./ProcessId.js"

/**
 * A lock made of a file that names its holder, for systems without a common call that frees a lock when a process dies.
 * Creating it is exclusive. A lock whose holder has died is moved aside first, which only one of several takers can do.
 */
export interface FileLock {
  /** Frees the lock, unless somebody else has come to hold it. */
  readonly release: () => Promise<void>
}

/** Takes the lock at `path` or throws a `StoreError`: `Locked` when somebody lives who has it. */
export const acquire = async (path: string): Promise<FileLock> => {
  const { pid, started } = ProcessId.own()
  const mine = `${pid} ${started} ${++serial}\n`
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await create(path, mine)) return { release: () => release(path, mine) }
    const theirs = await read(path)
    if (theirs === undefined) continue
    const holder = parse(theirs)
    if (holder === undefined ? await isFresh(path) : ProcessId.isAlive(holder)) throw locked(path, holder)
    await moveAside(path, theirs)
  }
  throw locked(path, undefined)
}

/** Each lost round means that another taker won one. */
const ATTEMPTS = 5

/** A file without a holder's name is a lock in the making for so long; later its maker has died over it. */
const MAKING_MS = 2000

let serial = 0

const create = async (path: string, content: string): Promise<boolean> => {
  let handle: Fs.FileHandle
  try {
    handle = await Fs.open(path, "wx", 0o600)
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return false
    throw cause
  }
  try {
    await handle.writeFile(content)
  } catch (cause) {
    await Fs.rm(path, { force: true })
    throw cause
  } finally {
    await handle.close()
  }
  return true
}

const read = (path: string): Promise<string | undefined> =>
  Fs.readFile(path, "utf8").catch((cause) => {
    if (codeOf(cause) === "ENOENT") return undefined
    throw cause
  })

const parse = (content: string): ProcessId.ProcessId | undefined => {
  const match = /^(\d{1,10}) (\d*) \d+\n$/.exec(content)
  return match === null ? undefined : { pid: Number(match[1]), started: match[2]! }
}

const isFresh = async (path: string): Promise<boolean> => {
  try {
    return Date.now() - (await Fs.stat(path)).mtimeMs < MAKING_MS
  } catch {
    return true
  }
}

/** Removes the lock with the content `stale`, and no other: a lock that came in between is put back. */
const moveAside = async (path: string, stale: string): Promise<void> => {
  const aside = Folder.temporaryPath(dirname(path))
  try {
    await Fs.rename(path, aside)
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return
    throw cause
  }
  const taken = await read(aside)
  if (taken !== undefined && taken !== stale) await create(path, taken)
  await Fs.rm(aside, { force: true })
}

const release = async (path: string, mine: string): Promise<void> => {
  if ((await read(path)) === mine) await Fs.rm(path, { force: true })
}

const locked = (path: string, holder: ProcessId.ProcessId | undefined): StoreError =>
  new StoreError({
    reason: "Locked",
    message:
      holder === undefined
        ? `another process is using ${path}`
        : `process ${holder.pid} is using ${dirname(path)}: end it first`
  })
