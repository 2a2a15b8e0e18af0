import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type FaultKind, type HostOptions, Nat, Sim } from "parley-chat/sim"
import * as Swarm from "../../src/sim/faults/Swarm.js"
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

/**
 * Three people anywhere, with whatever can befall links, routers and machines. Either people and their machines die, or
 * disks take nothing for a while, or their time: a dying program would lose what is not written down.
 */
export function* wild() {
  const sim = yield* Sim
  const rng = sim.world.kernel.rng.fork("test")
  const places: ReadonlyArray<HostOptions> = [
    {},
    ...[Nat.fullCone, Nat.portRestricted, Nat.linux, Nat.symmetric, Nat.symmetricSequential].map((nat) => ({ nat }))
  ]
  const person = () => ({ host: rng.pick(places), readingMs: rng.pick([0, 0, 40]) })
  const town = yield* Town.make({ people: ["alice", "bob", "carol"], person })
  const isMortal = rng.chance(0.6)
  const own: ReadonlyArray<FaultKind> = isMortal ? ["disk-torn"] : ["disk-full", "disk-read-only", "disk-slow"]
  const people = town.people.map(({ name }) => name)
  yield* sim.swarm({ withinMs: TROUBLE, kinds: [...ANYWHERE, ...Swarm.harmless] })
  const plan = Swarm.draw(rng, { withinMs: TROUBLE, kinds: own }, { hosts: people, routers: [] })
  yield* sim.follow(plan.map((planned) => ({ ...planned, id: 1_000 + planned.id })))
  yield* Users.live(town, isMortal ? Users.restless : Users.talkative, TROUBLE)
  yield* settles(town)
  yield* leavesNothing(town)
}

/** What a swarm leaves out, because not every program gets over it. */
const ANYWHERE: ReadonlyArray<FaultKind> = [
  "mtu",
  "udp-blocked",
  "tcp-blocked",
  "offline",
  "address-change",
  "resolver-down",
  "nat-renumber",
  "nat-mapping",
  "nat-filtering",
  "nat-ports",
  "nat-tcp-expiry",
  "nat-permission-expiry",
  "nat-exhaustion"
]

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
