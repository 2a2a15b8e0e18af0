import { readdirSync, readFileSync, writeFileSync } from "node:fs"

/** What a process has used since it started, as the kernel counts it (Linux). */
export interface Usage {
  /** µs of processor of its main thread, where JavaScript runs, and of all its threads. */
  readonly main: number
  readonly all: number
  /** By the same clock for all processes, µs. */
  readonly at: number
}

export const usageOf = (pid: number): Usage => {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => [
    Number(thread),
    runtime(`/proc/${pid}/task/${thread}`)
  ])
  const all = threads.reduce((sum, [, time]) => sum + time!, 0)
  return { main: threads.find(([thread]) => thread === pid)![1]!, all, at: performance.now() * 1_000 }
}

/** MB that it has in memory, and at most since `forgetPeak`. */
export const memoryOf = (pid: number): { readonly rss: number; readonly peak: number } => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1_024
  return { rss: field("VmRSS"), peak: field("VmHWM") }
}

export const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, "5")

/** Time on a processor, µs: the first number of `schedstat` is in ns. A thread may have ended meanwhile. */
const runtime = (folder: string): number => {
  try {
    return Number(readFileSync(`${folder}/schedstat`, "utf8").split(" ")[0]) / 1_000
  } catch {
    return 0
  }
}
