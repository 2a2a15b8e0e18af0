import { readFileSync } from "node:fs"

/**
 * Names a process so that another one can tell later whether it still lives: its id and, where the system tells, the time of
 * its start, because ids are used again.
 */
export interface ProcessId {
  readonly pid: number
  /** In the system's own unit (clock ticks since boot on Linux); empty where unknown. */
  readonly started: string
}

export const own = (): ProcessId => ({ pid: process.pid, started: startOf(process.pid) })

export const isAlive = (id: ProcessId): boolean => {
  try {
    process.kill(id.pid, 0)
  } catch (cause) {
    // EPERM: it lives and belongs to somebody else.
    if ((cause as NodeJS.ErrnoException).code !== "EPERM") return false
  }
  const started = startOf(id.pid)
  return id.started === "" || started === "" || id.started === started
}

/** Field 22 of proc_pid_stat(5). The second field is the program's name in parentheses and may hold anything, also `)`. */
const startOf = (pid: number): string => {
  if (process.platform !== "linux") return ""
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""
  } catch {
    return ""
  }
}
