/**
 * Schedules that nobody has run, over the laws, for as long as there is time: clients' machines and the core as
 * callbacks, and every scenario of the product. `laws.ts FIRST MINUTES [NAME...]`: the first seed of each scenario, the
 * minutes of processor time, and parts of the names of those to run; all when left out. Scenarios take turns, a second
 * each, and each tells in the end how many of its schedules ran. A failure is told at once, and does not end the run:
 * its seed is the report.
 */
import process from "node:process"
import { LAWS, type Law } from "../../scenarios/Laws.js"
import { thousands } from "./calibrate.js"

const [first = "1", minutes = "1", ...parts] = process.argv.slice(2)
const laws = LAWS.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)))
if (laws.length === 0) throw new Error(`no scenario has ${parts.join(" or ")} in its name`)

interface Count {
  readonly law: Law
  seeds: number
  failed: number
  ms: number
}

const spent = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

const turn = async (count: Count): Promise<void> => {
  const began = spent()
  while (spent() - began < TURN_MS) {
    const seed = Number(first) + count.seeds++
    const playing = count.law.play(seed)
    // Machines alone take less time than a turn of the event loop does.
    const failure = playing instanceof Promise ? await playing : playing
    if (failure === undefined) continue
    count.failed++
    console.log(`FAILED ${count.law.name}, seed ${seed}: ${failure}\n`)
  }
  count.ms += spent() - began
  // A run of callbacks never goes back to the event loop by itself.
  await new Promise((resume) => setImmediate(resume))
}

const tell = (): void => {
  for (const { failed, law, ms, seeds } of counts)
    console.log(
      `${law.name}: ${thousands(seeds)} seeds from ${first}, ${(ms / 60_000).toFixed(2)} min, ${failed} failed`
    )
  const all = counts.reduce((sum, { seeds }) => sum + seeds, 0)
  const failed = counts.reduce((sum, count) => sum + count.failed, 0)
  console.log(`together ${thousands(all)} in ${(spent() / 3_600_000).toFixed(3)} processor hours, ${failed} failed`)
}

/** ms of processor time that a scenario has before the next one's turn. */
const TURN_MS = 1_000
const counts: ReadonlyArray<Count> = laws.map((law) => ({ law, seeds: 0, failed: 0, ms: 0 }))
let told = spent()
for (const end = Number(minutes) * 60_000; spent() < end; ) {
  for (const count of counts) await turn(count)
  if (spent() - told < 60_000) continue
  told = spent()
  tell()
}
tell()
if (counts.some(({ failed }) => failed > 0)) process.exit(1)
