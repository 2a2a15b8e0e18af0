import { type ChildProcess, execFileSync, fork } from "node:child_process"
import { setPriority } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Figures } from "../support/Figures.js"
import type { FromLoad, Order } from "./Stage.js"
import { type Usage, usageOf } from "./Usage.js"

export interface Hooks {
  /** Process id of the server, whose use is taken; it may be another one after a call. */
  readonly pid: () => number
  /** What a load may ask for by `Stage.call`. */
  readonly calls?: Readonly<Record<string, () => Promise<void>>>
  /** Before the names of the figures. */
  readonly prefix?: string
  /** As `nice` has it: load that is not to be felt by those who measure. */
  readonly nice?: number
}

/** Runs a load in a process of its own: its figures, and for each measured stretch what the server used. */
export const runLoad = async (order: Order, hooks: Hooks): Promise<Figures> => {
  const { calls = {}, nice, pid, prefix = "" } = hooks
  const figures: Record<string, number> = {}
  const worker = fork(join(FOLDER, "Worker.mjs"), { stdio: ["ignore", "inherit", "inherit", "ipc"] })
  RUNNING.add(worker)
  if (nice !== undefined) setPriority(worker.pid!, nice)
  else if (FIRST.length > 0) execFileSync(FIRST[0]!, [...FIRST.slice(1, -1), "-p", FIRST.at(-1)!, String(worker.pid)])
  let begin: Usage | undefined
  const handle = async (message: FromLoad): Promise<void> => {
    switch (message._tag) {
      case "Figure":
        figures[prefix + message.name] = message.value
        return
      case "Begin":
        begin = usageOf(pid())
        break
      case "End": {
        const end = usageOf(pid())
        const name = prefix + message.name
        figures[`${name} µs`] = (end.main - begin!.main) / message.count
        figures[`${name} µs, all threads`] = (end.all - begin!.all) / message.count
        figures[`${name} /s`] = (message.count / (end.at - begin!.at)) * 1e6
        break
      }
      case "Call":
        await calls[message.name]!()
    }
    worker.send({})
  }
  const expired = setTimeout(() => worker.kill("SIGKILL"), LIMIT_MS)
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on("message", (message: FromLoad) => void handle(message).catch(reject))
      worker.once("error", reject)
      worker.once("exit", (code, signal) =>
        code === 0 ? resolve() : reject(new Error(`${order.load} ended with ${code ?? signal}`))
      )
      worker.send(order)
    })
  } finally {
    clearTimeout(expired)
    RUNNING.delete(worker)
    worker.kill("SIGKILL")
  }
  return figures
}

export const stopLoads = (): void => {
  for (const worker of RUNNING) worker.kill("SIGKILL")
}

/** What, before a command, has it run before all others (`FIRST=1`), for a machine that is busy with other things. */
export const FIRST: ReadonlyArray<string> = process.env.FIRST === undefined ? [] : ["chrt", "-f", "50"]

const RUNNING = new Set<ChildProcess>()
const FOLDER = dirname(fileURLToPath(import.meta.url))
/** Several times what the longest load takes on a busy machine. */
const LIMIT_MS = 180_000
