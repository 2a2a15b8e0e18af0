import { openSync, readFileSync, writeSync } from "node:fs"
import process from "node:process"
import { KEY, SAID, type Written } from "./Written.js"

/**
 * Loaded into the program before its own code: notes what it writes to its terminal, and what processor time it has
 * used by then. From outside that cannot be told, as the program goes on while whoever looks waits for a processor.
 */
const file = openSync(process.env.PARLEY_BENCH_PROBE!, "a")
const note = (written: Written | { readonly pid: number }): void => void writeSync(file, `${JSON.stringify(written)}\n`)
note({ pid: process.pid })

let said = 0
let bytes = 0
const write = process.stdout.write.bind(process.stdout)
process.stdout.write = ((content: string | Uint8Array, ...rest: ReadonlyArray<never>) => {
  const text = typeof content === "string" ? content : new TextDecoder().decode(content)
  said += text.split(SAID).length - 1
  bytes += Buffer.byteLength(text)
  // The kernel brings the time of the thread that runs up to date only where it is asked for that of the process.
  process.cpuUsage()
  const used = Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6
  note({ at: Number(process.hrtime.bigint()) / 1e6, used, said, bytes, hasKey: text.includes(KEY) })
  return write(content, ...rest)
}) as typeof process.stdout.write
