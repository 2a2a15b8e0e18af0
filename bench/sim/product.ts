/**
 * How many schedules of the product fit into a minute: the real server, real clients, the reference model beside them, and what the
 * seed draws of faults, crashes and users. `product.ts [seeds]`, 100 of each scenario when left out.
 */
import process from "node:process"
import * as Effect from "effect/Effect"
import { type Scenario, type SeedsOptions, sweep } from "../../src/sim/index.js"
import * as Nicknames from "../../test/sim/product/Nicknames.js"
import * as Outages from "../../test/sim/product/Outages.js"
import * as Swarm from "../../test/sim/product/Swarm.js"
import { calibrate, thousands } from "./calibrate.js"

const seeds = Number(process.argv[2] ?? 100)
const scenarios: ReadonlyArray<readonly [string, Scenario<unknown, unknown>]> = [
  ["two ask for each other and talk", Effect.gen(Outages.crossingQueries)],
  ["a race of five for one nickname", Effect.gen(Nicknames.race)],
  ["two people, 20 s of trouble", Effect.gen(Swarm.twoPeople)],
  ["three people, 60 s of trouble", Effect.gen(Swarm.threePeople)],
  ["and a server that comes and goes", Effect.gen(Swarm.restartingServer)]
]

const yardstick = calibrate()
let failed = false
for (const [name, scenario] of scenarios) {
  // The first runs are slow because the engine has not compiled anything yet.
  await sweep({ seeds: 5, twice: 0 }, scenario)
  let events = 0
  const onRun: SeedsOptions["onRun"] = ({ stats }) => {
    events += stats.steps + stats.timers
  }
  const before = process.cpuUsage()
  const { failure, runs, virtualMs } = await sweep({ seeds, twice: 0, onRun }, scenario)
  const { system, user } = process.cpuUsage(before)
  // Of one core, whatever else the machine does.
  const ms = (system + user) / 1000
  const figures = [
    `${thousands((runs * 60_000) / ms)} a minute`,
    `x${thousands(virtualMs / ms)} real time`,
    `${thousands((events * 1000) / ms)} events/s`,
    `${((yardstick * ms) / 1e9 / runs).toFixed(1)} million yardstick steps each`
  ]
  console.log(`${name}: ${figures.join(", ")}`)
  if (failure === undefined) continue
  console.error(failure.message)
  failed = true
}
if (failed) process.exit(1)
