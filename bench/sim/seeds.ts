/**
 * How many schedules of a whole little scenario fit into a minute: a rendezvous, two peers behind NATs that punch,
 * faults that the seed draws, 20 virtual seconds. `seeds.ts [seeds]`, 300 when left out.
 */
import * as Effect from "effect/Effect"
import { punch, rendezvous } from "../../scenarios/support/Punch.js"
import { make } from "../../src/domain/Endpoint.js"
import * as Nat from "../../src/sim/network/Nat.js"
import { sweep } from "../../src/sim/Seeds.js"
import { Sim } from "../../src/sim/Sim.js"
import { calibrate, thousands } from "./calibrate.js"

const server = make("203.0.113.1", 3478)!
const scenario = Effect.gen(function* () {
  const sim = yield* Sim
  yield* sim.host("rendezvous", { ipv4: server.address }, rendezvous)
  for (const name of ["a", "b"]) {
    yield* sim.host(name, { nat: Nat.portRestricted }, punch({ name, server, giveUpMs: 18_000, onOpen: () => {} }))
  }
  yield* sim.swarm({ withinMs: 15_000 })
  yield* Effect.sleep("20 seconds")
})

const { runs, realMs, virtualMs, failure } = await sweep({ seeds: Number(process.argv[2] ?? 300) }, scenario)
console.log(
  `${thousands((runs * 60_000) / realMs)} seeds a minute, x${thousands(virtualMs / realMs)} real time (${thousands(calibrate())} calibration steps/s)`
)
if (failure !== undefined) {
  console.error(failure.message)
  process.exit(1)
}
