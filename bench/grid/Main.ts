import { availableParallelism } from "node:os"
import process from "node:process"
import { parseArgs } from "node:util"
import { CHANGES } from "../../scenarios/grid/Changes.js"
import { GUESSED } from "../../scenarios/grid/Guessing.js"
import { performAll } from "./Pool.js"
import { print } from "./Print.js"
import * as Report from "./Report.js"
import { ARRANGEMENTS, IDLERS, type Task } from "./Task.js"

/** The grid: see run.mjs. */
const readOptions = () => {
  try {
    return parseArgs({
      options: {
        /** Conversations for each pair and loss. */
        seeds: { type: "string", default: "10" },
        jobs: { type: "string", default: String(availableParallelism()) },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false }
      }
    }).values
  } catch {
    return undefined
  }
}
const values = readOptions()
const seeds = Number(values?.seeds)
const jobs = Number(values?.jobs)
const USAGE = "usage: npm run grid -- [--seeds 10] [--jobs 2] [--json]"
if (values?.help) {
  console.log(USAGE)
  process.exit(0)
}
if (values === undefined || !(Number.isInteger(seeds) && seeds > 0 && Number.isInteger(jobs) && jobs > 0)) {
  console.error(USAGE)
  process.exit(2)
}

const each = (what: Task["what"], count: number, losses: ReadonlyArray<number>, times: number): ReadonlyArray<Task> =>
  Array.from({ length: count }, (_, index) =>
    losses.flatMap((loss) => Array.from({ length: times }, (_, time): Task => ({ what, index, loss, time: time + 1 })))
  ).flat()

const tasks = [
  ...each("meeting", ARRANGEMENTS.length, Report.LOSSES, seeds),
  ...each("change", CHANGES.length, Report.LOSSES, seeds),
  ...each("idle", IDLERS.length, [0], 2),
  ...each("search", GUESSED.length, Report.LOSSES, seeds)
]

const isWatched = process.stderr.isTTY
const started = performance.now()
let told = -1
const results = await performAll(tasks, jobs, (done) => {
  const percent = Math.floor((100 * done) / tasks.length)
  const step = isWatched ? 1 : 10
  if (percent < told + step && done < tasks.length) return
  told = percent
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  const line = `${done} of ${tasks.length} conversations, ${seconds} s`
  process.stderr.write(isWatched ? `\r${line}${done === tasks.length ? "\n" : ""}` : `${line}\n`)
})
const report = Report.make(tasks.map((task, index) => ({ task, result: results[index]! })))
console.log(values.json ? JSON.stringify(report, undefined, 2) : print(report))
process.exitCode = report.goals.every(({ met }) => met) ? 0 : 1
