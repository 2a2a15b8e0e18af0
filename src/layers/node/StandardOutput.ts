import { fdatasync, fstatSync, readFileSync, statSync, writeSync } from "node:fs"
import process from "node:process"
import type { TerminalClosed } from "../../services/Terminal.js"

/**
 * Standard output whose writes are whole or fail, whatever it is. Node writes to files and devices with a stream that
 * takes a short write for a whole one, so those are written here, to the last byte; pipes and terminals are left to
 * Node, which finishes what the system takes in parts. The first failure is final. Knows nothing of Effect, which a
 * program that only prints its help does not load.
 */
export class StandardOutput {
  readonly #kind = kindOf(STDOUT)
  #failure: OutputFailure | undefined = this.#kind === "none" ? NONE : undefined

  /** `done` hears what is wrong when not all of it was, or can be, written. */
  write(content: string | Uint8Array, done: Done): void {
    const end = (error: Error | null | undefined) => {
      if (error) this.#failure ??= closedBy(error, this.#kind)
      done(this.#failure)
    }
    if (this.#failure !== undefined) done(this.#failure)
    else if (this.#kind === "stream") process.stdout.write(content, end)
    else end(writeWhole(typeof content === "string" ? Buffer.from(content) : content))
  }

  /** `done` when what was written is where a full disk can take it back no more. */
  flush(done: Done): void {
    if (this.#failure !== undefined || this.#kind !== "file") done(this.#failure)
    else
      fdatasync(STDOUT, (error) => {
        if (error) this.#failure ??= closedBy(error, "file")
        done(this.#failure)
      })
  }
}

/** Why standard output takes nothing more, as `TerminalClosed` has it. */
export type OutputFailure = Pick<TerminalClosed, "reason" | "message" | "cause">
type Done = (failure: OutputFailure | undefined) => void

const STDOUT = 1

/** `stream`: a pipe, a socket or a terminal. `none`: the program was started without standard output. */
type Kind = "file" | "device" | "stream" | "none"

const kindOf = (descriptor: number): Kind => {
  try {
    if (process.stdout.isTTY) return "stream"
    const stat = fstatSync(descriptor)
    if (stat.isFile()) return "file"
    if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return "stream"
    return isStandIn(descriptor, stat.rdev) ? "none" : "device"
  } catch {
    return "none"
  }
}

/**
 * Whether this is what Node opens in the place of a descriptor that was closed when it started (`>&-`): /dev/null, to
 * read and to write. Somebody who throws output away (`>/dev/null`) opens it to write only. Known on Linux alone.
 */
const isStandIn = (descriptor: number, device: number): boolean => {
  try {
    if (statSync("/dev/null").rdev !== device) return false
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"))
    return flags !== null && (Number.parseInt(flags[1]!, 8) & ACCESS_MODE) === READ_AND_WRITE
  } catch {
    return false
  }
}

/** O_ACCMODE and O_RDWR of open(2), the same on all systems that have /proc. */
const ACCESS_MODE = 3
const READ_AND_WRITE = 2

const writeWhole = (bytes: Uint8Array): Error | undefined => {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at)
    return undefined
  } catch (error) {
    return error as Error
  }
}

/** A pipe tells that its reader is gone with EPIPE or a reset, a terminal that hung up with EIO. */
const closedBy = (error: NodeJS.ErrnoException, kind: Kind): OutputFailure => {
  const code = error.code ?? ""
  if (kind === "stream" && !FAILURES.has(code))
    return { reason: "HungUp", message: "standard output was closed", cause: error }
  return {
    reason: "Failed",
    message: `standard output cannot be written: ${REASONS.get(code) ?? error.message}`,
    cause: error
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "no space is left there"],
  ["EDQUOT", "its disk quota is used up"],
  ["EFBIG", "the file may not grow any more"],
  ["EIO", "its device fails"],
  ["EROFS", "its file system became read-only"]
])
/** What a pipe or a terminal can fail with while somebody still reads it. */
const FAILURES: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG", "ENOMEM", "ENOBUFS"])

const NONE: OutputFailure = {
  reason: "Failed",
  message: "there is no standard output to write to; open it, or throw it away with >/dev/null"
}
