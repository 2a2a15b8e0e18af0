/**
 * How many schedules of clients' machines fit into a minute of one core: two people and a server as plain callbacks on
 * the kernel, 20 virtual seconds of failing links and a server that comes and goes, then all must come right; beside
 * the very same scripts with whole clients and the whole server. `client.ts [seeds]`: how many each round plays, 60
 * when left out. As many run before the count begins, because the engine compiles for the first ones. Rounds take
 * turns, so that other work on the machine meets both; the medians count.
 */
import { loadavg } from "node:os"
import process from "node:process"
import * as Callbacks from "../../scenarios/client/Callbacks.js"
import * as Program from "../../scenarios/client/Program.js"
import { type Script, write } from "../../scenarios/client/Script.js"
import { calibrate, thousands } from "./calibrate.js"

const seeds = Number(process.argv[2] ?? 60)
const ROUNDS = 5

/** Schedules a minute of one core, whatever else the machine does. */
const measure = async (play: (script: Script) => unknown, firstSeed: number): Promise<number> => {
  const before = process.cpuUsage()
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) await play(write(seed))
  const { system, user } = process.cpuUsage(before)
  return (seeds * 60_000_000) / (system + user)
}

const whole = async (script: Script) => {
  const { exit, seed } = await Program.play(script)
  if (exit._tag === "Failure") failed.add(seed)
}
const failed = new Set<number>()
const median = (figures: ReadonlyArray<number>) => [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)]!
const range = (figures: ReadonlyArray<number>) =>
  `${thousands(median(figures))} a minute (${thousands(Math.min(...figures))} to ${thousands(Math.max(...figures))})`

await measure(Callbacks.play, 1)
await measure(whole, 1)
const bare: Array<number> = []
const programs: Array<number> = []
for (let round = 1; round <= ROUNDS; round++) {
  bare.push(await measure(Callbacks.play, round * seeds + 1))
  programs.push(await measure(whole, round * seeds + 1))
}
const ratio = median(bare.map((figure, round) => figure / programs[round]!))
console.log(`clients' machines alone: ${range(bare)}`)
console.log(`whole clients, the same scripts: ${range(programs)}`)
const load = loadavg()[0]!.toFixed(1)
console.log(`ratio ${ratio.toFixed(1)}, load ${load}, ${thousands(calibrate())} calibration steps/s`)
if (failed.size > 0) {
  console.error(`whole clients failed with the seeds ${[...failed].join(", ")}`)
  process.exit(1)
}
