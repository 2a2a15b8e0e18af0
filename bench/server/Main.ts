import type { Figures } from "../support/Figures.js"
import * as Progress from "../support/Progress.js"
import * as Report from "../support/Report.js"
import { ATTACKS } from "./attacks/Catalog.js"
import { runAttack } from "./attacks/Run.js"
import { beyond, table } from "./attacks/Table.js"
import { BESIDE, GOALS } from "./Goals.js"
import { whyNoAddresses } from "./Namespace.js"
import * as Options from "./Options.js"
import { PARTS } from "./Parts.js"
import { stopLoads } from "./Runner.js"
import { stopAll } from "./Target.js"

/** Runs the parts several times, interleaved, then each attack once, and prints medians, ratios and a table. */
const main = async ({ attacks, json, parts, runs, size }: Options.Options): Promise<number> => {
  const before = Report.before()
  const rounds: Array<Figures> = []
  const skipped = new Set<string>()
  const failed = new Set<string>()
  const progress = new Progress.Progress(runs * parts.length + attacks.length)
  const noAddresses = whyNoAddresses()
  for (let round = 1; round <= runs && parts.length > 0; round++) {
    const figures: Record<string, number> = {}
    for (const part of PARTS.filter(({ name }) => parts.includes(name))) {
      progress.next(`round ${round}: ${part.name}`)
      const missing = part.missing?.()
      if (missing !== undefined) skipped.add(`${part.name}: ${missing}`)
      else await part.run(size).then((seen) => Object.assign(figures, seen), failure(part.name, failed))
    }
    rounds.push(figures)
  }
  if (noAddresses !== undefined && attacks.length > 0) skipped.add(`all attacks: ${noAddresses}`)
  const results = new Map<string, Figures>()
  for (const attack of ATTACKS.filter(({ name }) => noAddresses === undefined && attacks.includes(name))) {
    progress.next(`attack: ${attack.name}`)
    const seen = await runAttack(attack, size).catch(failure(attack.name, failed))
    if (seen !== undefined) results.set(attack.name, seen)
  }
  progress.end()
  const measured = { goals: GOALS, beside: BESIDE, rounds, skipped: [...skipped], failed: [...failed], before }
  if (json) console.log(JSON.stringify({ ...JSON.parse(Report.json(measured)), attacks: Object.fromEntries(results) }))
  else {
    console.log(Report.text(measured))
    if (results.size > 0) console.log(`\nAttacks (ms)\n${table(results)}`)
  }
  const felt = [...results.values()].filter((figures) => beyond(figures) !== undefined).length
  if (results.size > 0) console.error(`${results.size - felt} of ${results.size} attacks are not felt`)
  return failed.size === 0 ? 0 : 1
}

const failure = (name: string, failed: Set<string>) => (error: unknown) => {
  failed.add(`${name}: ${error instanceof Error ? error.message : error}`)
  return undefined
}

const stopped = () => {
  stopAll()
  stopLoads()
  process.exit(130)
}
process.once("SIGINT", stopped)
process.once("SIGTERM", stopped)

try {
  const options = Options.read(process.argv.slice(2))
  if (options.help) console.log(Options.HELP)
  else process.exitCode = await main(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
