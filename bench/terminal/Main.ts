import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Figures } from "../support/Figures.js"
import * as Progress from "../support/Progress.js"
import * as Report from "../support/Report.js"
import { Flooding } from "./Flooding.js"
import { BESIDE, GOALS } from "./Goals.js"
import * as Options from "./Options.js"
import { PARTS, whyNot } from "./Parts.js"
import { Program } from "./Program.js"

/** Runs the parts round by round, so that a busy moment of the machine hits all of them. */
const main = async (options: Options.Options): Promise<number> => {
  const before = Report.before()
  const parts = PARTS.filter(({ name }) => options.parts.includes(name))
  const folder = mkdtempSync(join(tmpdir(), "parley-bench-"))
  const end = () => {
    Program.endAll()
    Flooding.endAll()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  const stopped = () => {
    end()
    process.exit(130)
  }
  process.once("SIGINT", stopped)
  process.once("SIGTERM", stopped)

  const rounds: Array<Figures> = []
  const failed = new Set<string>()
  const progress = new Progress.Progress(options.runs * parts.length)
  try {
    for (let round = 1; round <= options.runs; round++) {
      const figures: Record<string, number> = {}
      for (const { name, run } of parts) {
        progress.next(`round ${round}: ${name}`)
        try {
          // What one part leaves undone is none of the next one's business.
          const flooding = new Flooding(mkdtempSync(join(folder, "flood-")))
          const stage = { flooding, port: await flooding.port(), folder, quick: options.quick }
          Object.assign(figures, await run(stage))
        } catch (error) {
          failed.add(`${name}: ${error instanceof Error ? error.message : error}`)
        }
        Program.endAll()
        Flooding.endAll()
      }
      rounds.push(figures)
    }
  } finally {
    progress.end()
    end()
  }
  const measured = { goals: GOALS, beside: BESIDE, rounds, skipped: [], failed: [...failed], before }
  console.log(options.json ? Report.json(measured) : Report.text(measured))
  return failed.size === 0 ? 0 : 1
}

try {
  const options = Options.read(process.argv.slice(2))
  const reason = whyNot()
  if (options.help) console.log(Options.HELP)
  else if (reason !== undefined) throw new Error(reason)
  else process.exitCode = await main(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
process.exit()
