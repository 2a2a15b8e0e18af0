import * as Effect from "effect/Effect"
import { Nat, Sim } from "parley/sim"
import { simTest } from "parley/sim/vitest"
import * as Seeds from "./Seeds.js"
import { leavesNothing, settles } from "./Settling.js"
import * as Town from "./Town.js"
import * as Users from "./Users.js"

/** Virtual ms of trouble; then everything must come right. */
const TROUBLE = 60_000

simTest("two people on a bad network", Seeds.some(40), function* () {
  const town = yield* Town.make({
    people: ["alice", "bob"],
    person: (name) => ({ readingMs: name === "bob" ? 30 : 0 })
  })
  yield* town.sim.swarm({ withinMs: 20_000 })
  yield* Users.live(town, Users.talkative, 20_000)
  yield* settles(town)
  yield* leavesNothing(town)
})

simTest("three people on bad machines, one of them behind a router", Seeds.some(30), function* () {
  const person = (name: string) => (name === "carol" ? { host: { nat: Nat.portRestricted } } : {})
  const town = yield* Town.make({ people: ["alice", "bob", "carol"], person })
  yield* town.sim.swarm({ withinMs: TROUBLE })
  yield* Users.live(town, Users.restless, TROUBLE)
  yield* settles(town)
  yield* leavesNothing(town)
})

simTest("a server that comes and goes", Seeds.some(30), function* () {
  const { seed } = yield* Sim
  const town = yield* Town.make({ people: ["alice", "bob", "carol"], person: () => ({ readingMs: seed % 2 }) })
  yield* town.sim.swarm({ withinMs: TROUBLE })
  yield* Effect.forkScoped(Users.restartServer(town, TROUBLE))
  yield* Users.live(town, seed % 3 === 0 ? Users.restless : Users.talkative, TROUBLE)
  yield* settles(town)
  yield* leavesNothing(town)
})
