import type { Figures } from "../support/Figures.js"
import * as Progress from "../support/Progress.js"
import * as Report from "../support/Report.js"
import { main as compareControllers } from "./Controllers.js"
import { BESIDE, GOALS } from "./Goals.js"
import { whyNoLinks } from "./Link.js"
import * as Options from "./Options.js"
import { PARTS, type Part } from "./Parts.js"
import { pinned, Runner } from "./Runner.js"

/**
 * Runs each part several times, interleaved so that a busy moment of the machine hits all of them, and prints medians
 * and ratios.
 */
const main = async (options: Options.Options): Promise<number> => {
  const before = Report.before()
  // Set by the script that built this: the bundle lies elsewhere.
  const tool = process.env.NATLAB!
  const wanted = PARTS.filter(({ name }) => options.parts.includes(name))
  const skipped: Array<string> = []
  const noLinks = wanted.some(({ link }) => link !== undefined) ? whyNoLinks(tool) : undefined
  if (noLinks !== undefined) skipped.push(`all parts with a link: ${noLinks}`)
  const parts = wanted.filter(({ link }) => noLinks === undefined || link === undefined)
  const batches = batchesOf(parts)

  const runner = new Runner({ tool, prof: options.prof, pin: pinned() })
  const stopped = () => {
    void runner.close().then(() => process.exit(130))
  }
  process.once("SIGINT", stopped)
  process.once("SIGTERM", stopped)

  const rounds: Array<Figures> = []
  const failed = new Set<string>()
  const progress = new Progress.Progress(options.runs * batches.length)
  try {
    for (let round = 1; round <= options.runs; round++) {
      const figures: Record<string, number> = {}
      for (const batch of batches) {
        progress.next(`round ${round}: ${batch.map(({ name }) => name).join(" ")}`)
        const results = await Promise.allSettled(batch.map((part) => runner.run(part)))
        results.forEach((result, index) => {
          if (result.status === "fulfilled") Object.assign(figures, result.value)
          else
            failed.add(
              `${batch[index]!.name}: ${result.reason instanceof Error ? result.reason.message : result.reason}`
            )
        })
      }
      rounds.push(figures)
    }
  } finally {
    progress.end()
    await runner.close()
  }
  const measured = { goals: GOALS, beside: BESIDE, rounds, skipped, failed: [...failed], before }
  console.log(options.json ? Report.json(measured) : Report.text(measured))
  return failed.size === 0 ? 0 : 1
}

/** Parts in order; those of one batch together, where the first of them stands. */
const batchesOf = (parts: ReadonlyArray<Part>): ReadonlyArray<ReadonlyArray<Part>> => {
  const batches = new Map<string, Array<Part>>()
  for (const part of parts) {
    const key = part.batch ?? part.name
    batches.set(key, [...(batches.get(key) ?? []), part])
  }
  return [...batches.values()]
}

try {
  const options = Options.read(process.argv.slice(2))
  if (options.help) console.log(Options.HELP)
  else if (options.controllers !== undefined) compareControllers(options.controllers)
  else process.exitCode = await main(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
