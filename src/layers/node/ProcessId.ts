import { createHash } from "node:crypto"
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"

/**
 * Names a process so that another one can tell later whether it still lives: its id and, where the system tells, the
 * time of its start, because ids are used again.
 */
export interface ProcessId {
  /** Where the id means something: one start of one machine, and in it one container. Twelve hexadecimal digits. */
  readonly place: string
  readonly pid: number
  /** In the system's own unit (clock ticks since boot on Linux); empty where unknown. */
  readonly started: string
}

export const own = (): ProcessId => ({ place, pid: process.pid, started: inspect(process.pid).started })

/** Whether a process of our own place lives. */
export const isAlive = (id: ProcessId): boolean => {
  try {
    process.kill(id.pid, 0)
  } catch (cause) {
    // EPERM: it lives and belongs to somebody else.
    if ((cause as NodeJS.ErrnoException).code !== "EPERM") return false
  }
  const { started, state } = inspect(id.pid)
  // A zombie keeps its id until its parent has asked for its end, which in some containers nobody ever does.
  if (state === "Z") return false
  return id.started === "" || started === "" || id.started === started
}

/**
 * Fields 3 and 22 of proc_pid_stat(5). The second one is the program's name in parentheses and may hold anything, also
 * `)`.
 */
const inspect = (pid: number): { readonly state: string; readonly started: string } => {
  if (process.platform !== "linux") return UNKNOWN
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return { state: fields[0] ?? "", started: fields[19] ?? "" }
  } catch {
    return UNKNOWN
  }
}

const UNKNOWN = { state: "", started: "" }

const placeOf = (): string => {
  if (process.platform !== "linux") return hostname()
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8")}${readlinkSync("/proc/self/ns/pid")}`
  } catch {
    return hostname()
  }
}

const place = createHash("sha256").update(placeOf()).digest("hex").slice(0, 12)
