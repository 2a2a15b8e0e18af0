/**
 * How many schedules of the core alone fit into a minute: two or three peer machines as plain callbacks on the kernel,
 * introduced and talking over a network that loses, delays and doubles packets, 30 virtual seconds, cryptography
 * included. `core.ts [seeds]`, 2000 when left out. Each has to end with every text delivered.
 */

import process from "node:process"
import { play } from "../../scenarios/core/Callbacks.js"
import { LENGTH_MS, write } from "../../scenarios/core/Script.js"
import type { Network } from "../../src/sim/network/Network.js"
import { calibrate, thousands } from "./calibrate.js"

const seeds = Number(process.argv[2] ?? 2000)
let packets = 0
let network: Network | undefined
const before = process.cpuUsage()
for (let seed = 1; seed <= seeds; seed++) {
  const talkers = play(write(seed), (used) => {
    network = used
  })
  packets += network!.stats.sent
  if (talkers.some(({ accepted, delivered }) => accepted.length !== delivered.length)) {
    console.error(`seed ${seed}: not every text was delivered`)
    process.exit(1)
  }
}
const { system, user } = process.cpuUsage(before)
/** Of one core, whatever else the machine does. */
const ms = (system + user) / 1000
const perMinute = (seeds * 60_000) / ms
const rate = `${thousands(perMinute)} seeds a minute, ${thousands((packets * 1000) / ms)} packets/s`
console.log(
  `${rate}, x${thousands((seeds * LENGTH_MS) / ms)} real time (${thousands(calibrate())} calibration steps/s)`
)
