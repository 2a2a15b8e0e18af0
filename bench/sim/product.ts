/**
 * How many schedules of the product fit into a minute of one core: the real server, real clients, the reference model
 * beside them, and what the seed draws of faults, crashes and users. `product.ts [seeds]`: how many of the shortest
 * scenario count, 400 when left out; of the longer ones in proportion. As many run before the count begins, because a
 * sweep of thousands is what is to be known and the engine compiles for the first few hundred; how fast these were is
 * told too.
 */
import process from "node:process"
import * as Effect from "effect/Effect"
import * as Nicknames from "../../scenarios/product/Nicknames.js"
import * as Outages from "../../scenarios/product/Outages.js"
import * as Swarm from "../../scenarios/product/Swarm.js"
import { type Scenario, type SeedsOptions, sweep } from "../../src/sim/index.js"
import { calibrate, thousands } from "./calibrate.js"

const all = Number(process.argv[2] ?? 400)
/** Name, scenario, and the part of the seeds that takes about as long as all of the shortest. */
const scenarios: ReadonlyArray<readonly [string, Scenario<unknown, unknown>, number]> = [
  ["two ask for each other and talk", Effect.gen(Outages.crossingQueries), 1],
  ["a race of five for one nickname", Effect.gen(Nicknames.race), 1],
  ["two people, 20 s of trouble", Effect.gen(Swarm.twoPeople), 1 / 4],
  ["three people, 60 s of trouble", Effect.gen(Swarm.threePeople), 1 / 10],
  ["and a server that comes and goes", Effect.gen(Swarm.restartingServer), 1 / 10]
]

/** What a sweep costs of one core, whatever else the machine does. */
const measure = async (scenario: Scenario<unknown, unknown>, firstSeed: number, seeds: number) => {
  let events = 0
  const onRun: SeedsOptions["onRun"] = ({ stats }) => {
    events += stats.steps + stats.timers
  }
  const before = process.cpuUsage()
  const { failure, runs, virtualMs } = await sweep({ firstSeed, seeds, twice: 0, onRun }, scenario)
  const { system, user } = process.cpuUsage(before)
  const ms = (system + user) / 1000
  return { failure, runs, virtualMs, events, ms, perMinute: (runs * 60_000) / ms }
}

const yardstick = calibrate()
let failed = false
for (const [name, scenario, part] of scenarios) {
  const seeds = Math.ceil(all * part)
  const first = await measure(scenario, 1, seeds)
  const then = await measure(scenario, seeds + 1, seeds)
  const { events, ms, runs, virtualMs } = then
  const figures = [
    `${thousands(then.perMinute)} a minute (the first ${seeds}: ${thousands(first.perMinute)})`,
    `${(ms / runs).toFixed(1)} ms each`,
    `x${thousands(virtualMs / ms)} real time`,
    `${thousands((events * 1000) / ms)} events/s`,
    `${((yardstick * ms) / 1e9 / runs).toFixed(1)} million yardstick steps each`
  ]
  console.log(`${name}: ${figures.join(", ")}`)
  for (const { failure } of [first, then]) {
    if (failure === undefined) continue
    console.error(failure.message)
    failed = true
  }
}
if (failed) process.exit(1)
