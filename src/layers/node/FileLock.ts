import { randomBytes } from "node:crypto"
import * as Fs from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { StoreError } from "../../services/Store.js"
import { codeOf } from "./Errno.js"
import * as ProcessId from "./ProcessId.js"

/**
 * A lock between processes, for systems without a common call that frees a lock when its holder dies.
 *
 * Whoever wants the lock first puts up a file that names it, then looks for others'. A file of a living process means
 * that the lock is taken; those of dead ones are removed. Of two that come at once the later one to look sees the
 * other, so that two never hold the lock (both may be refused). No file is ever written to by two, so that none has to
 * be taken over from a dead holder at the risk of removing its successor.
 *
 * Process ids mean nothing in another container or on another machine that shares the folder. A holder from such a
 * place is judged by its file, which it writes to every `BEAT`: by the clock of the file system alone, as the clocks of
 * machines differ.
 */
export interface FileLock {
  readonly _tag: "Held"
  readonly release: () => Promise<void>
}

/** Somebody else has the lock, or may have it: `isCertain` is false while a holder elsewhere is still being watched. */
export interface Refused {
  readonly _tag: "Refused"
  readonly error: StoreError
  readonly isCertain: boolean
}

/** The files of holders elsewhere, by name, and when each was last written to (ms) as first seen. */
export type Watched = Map<string, number>

/**
 * Tries to take the lock `path`, whose folder exists. Where the answer is not certain, try again a little later with
 * the same `watched`: after `STALE` at most it is. `onLost` is called when somebody elsewhere has judged us dead, as
 * can happen to a machine that slept: from then on two may believe that they hold the lock.
 */
export const attempt = async (path: string, watched: Watched, onLost: () => void): Promise<FileLock | Refused> => {
  // Within one process the set decides, so that of many exactly one gets the lock.
  if (held.has(path)) return { _tag: "Refused", error: locked(path, process.pid, ""), isCertain: true }
  held.add(path)
  const { pid, place, started } = ProcessId.own()
  const mine = `${path}~lock-${place}-${pid}-${started}-${randomBytes(6).toString("hex")}`
  let beating: NodeJS.Timeout | undefined
  const release = async () => {
    clearInterval(beating)
    await Fs.rm(mine, { force: true })
    held.delete(path)
  }
  try {
    await Fs.writeFile(mine, BEAT_MARK, { flag: "wx", mode: 0o600 })
    const refused = await findOther(path, mine, watched)
    if (refused !== undefined) {
      await release()
      return refused
    }
  } catch (cause) {
    await release().catch(() => held.delete(path))
    throw cause
  }
  beating = setInterval(() => {
    beat(mine).catch((cause) => {
      if (codeOf(cause) !== "ENOENT") return
      clearInterval(beating)
      onLost()
    })
  }, BEAT).unref()
  return { _tag: "Held", release }
}

/** The locks of this process. Grows with what is held at one time. */
const held = new Set<string>()

/** ms between two signs of life: a stranger who comes knows within this time that the holder lives. */
const BEAT = 5_000
/** ms of silence after which a holder elsewhere is dead: three signs were missed, and a slow disk is not enough. */
export const STALE = 20_000
/** Writing, unlike setting a time, stamps the file with the clock of the file system's own machine. */
const BEAT_MARK = "."

const beat = async (path: string): Promise<void> => {
  const file = await Fs.open(path, "r+")
  try {
    await file.write(BEAT_MARK, 0)
  } finally {
    await file.close()
  }
}

/** A living process, other than by the file `mine`, that wants or has the lock. */
const findOther = async (path: string, mine: string, watched: Watched): Promise<Refused | undefined> => {
  const folder = dirname(path)
  const prefix = `${basename(path)}~lock-`
  const { place } = ProcessId.own()
  for (const name of await Fs.readdir(folder)) {
    if (!name.startsWith(prefix) || name === basename(mine)) continue
    const match = /^([0-9a-f]{12})-(\d{1,10})-(\d*)-[0-9a-f]+$/.exec(name.slice(prefix.length))
    if (match === null) continue
    const id = { place: match[1]!, pid: Number(match[2]), started: match[3]! }
    const life = id.place === place ? ofNeighbour(id) : await ofStranger(join(folder, name), mine, watched)
    if (life === "dead") await Fs.rm(join(folder, name), { force: true })
    else
      return {
        _tag: "Refused",
        error: locked(path, id.pid, id.place === place ? "" : " of another container or machine"),
        isCertain: life === "alive"
      }
  }
  return undefined
}

type Life = "alive" | "dead" | "unknown"

const ofNeighbour = (id: ProcessId.ProcessId): Life => (ProcessId.isAlive(id) ? "alive" : "dead")

const ofStranger = async (file: string, mine: string, watched: Watched): Promise<Life> => {
  try {
    const [own, { mtimeMs }] = [await Fs.stat(mine), await Fs.stat(file)]
    if (own.mtimeMs - mtimeMs > STALE) return "dead"
    const before = watched.get(file)
    watched.set(file, mtimeMs)
    return before !== undefined && before !== mtimeMs ? "alive" : "unknown"
  } catch (cause) {
    // It let go just now.
    if (codeOf(cause) === "ENOENT") return "dead"
    throw cause
  }
}

const locked = (path: string, pid: number, where: string): StoreError =>
  new StoreError({ reason: "Locked", message: `process ${pid}${where} is using ${path}: end it first` })
