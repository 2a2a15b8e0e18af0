import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Nat, Sim } from "parley-chat/sim"
import { leavesNothing, settles } from "./Settling.js"
import * as Town from "./Town.js"
import * as Users from "./Users.js"

/** Virtual ms of trouble; then everything must come right. */
const TROUBLE = 60_000

/** Two people on a bad network. */
export function* twoPeople() {
  const town = yield* Town.make({
    people: ["alice", "bob"],
    person: (name) => ({ readingMs: name === "bob" ? 30 : 0 })
  })
  yield* town.sim.swarm({ withinMs: 20_000 })
  yield* Users.live(town, Users.talkative, 20_000)
  yield* settles(town)
  yield* leavesNothing(town)
}

/** People who change their minds all the time, on a network that does nothing wrong. */
export function* fickle() {
  const town = yield* Town.make({ people: ["alice", "bob"] })
  yield* Users.live(town, { say: 3, query: 3, leave: 2 }, TROUBLE)
  yield* settles(town)
  yield* leavesNothing(town)
}

/** Three people on bad machines, one of them behind a router. */
export function* threePeople() {
  const person = (name: string) => (name === "carol" ? { host: { nat: Nat.portRestricted } } : {})
  const town = yield* Town.make({ people: ["alice", "bob", "carol"], person })
  yield* town.sim.swarm({ withinMs: TROUBLE })
  yield* Users.live(town, Users.restless, TROUBLE)
  yield* settles(town)
  yield* leavesNothing(town)
}

/** A server that comes and goes. */
export function* restartingServer() {
  const { seed } = yield* Sim
  const town = yield* Town.make({ people: ["alice", "bob", "carol"], person: () => ({ readingMs: seed % 2 }) })
  yield* town.sim.swarm({ withinMs: TROUBLE })
  const restarting = yield* Effect.fork(Users.restartServer(town, TROUBLE))
  yield* Users.live(town, seed % 3 === 0 ? Users.restless : Users.talkative, TROUBLE)
  yield* Fiber.join(restarting)
  yield* settles(town)
  yield* leavesNothing(town)
}
