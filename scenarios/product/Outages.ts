import * as Effect from "effect/Effect"
import { type Fault, Nat, Sim } from "parley-chat/sim"
import type { Person } from "./Person.js"
import { settles } from "./Settling.js"
import * as Town from "./Town.js"

/** Alice and bob, who have asked for each other. */
const friends = (options: Partial<Town.TownOptions> = {}) =>
  Effect.gen(function* () {
    const town = yield* Town.make({ people: ["alice", "bob"], ...options })
    yield* settles(town)
    return { town, sim: town.sim, alice: town.person("alice"), bob: town.person("bob") }
  })

/** `count` messages each way, each of them delivered within `ms`. */
const talk = ({ ledger, sim }: Town.Town, alice: Person, bob: Person, count: number, ms: number) =>
  Effect.gen(function* () {
    for (let i = 0; i < count; i++) {
      yield* alice.say(bob, i)
      yield* bob.say(alice, 100 * i)
      yield* sim.eventually("what was said is delivered", () => ledger.outstanding.length === 0, ms)
      yield* Effect.sleep(1_000)
    }
  })

/** Two ask for each other at once: one connection, and both may write. */
export function* crossingQueries() {
  const rng = (yield* Sim).world.kernel.rng.fork("test")
  const town = yield* Town.make({ people: ["alice", "bob"] })
  const [alice, bob] = [town.person("alice"), town.person("bob")]
  yield* town.sim.eventually("both are there", () => alice.registered && bob.registered, "5 seconds")
  yield* Effect.all([alice.query(bob), Effect.delay(bob.query(alice), rng.unit() * rng.below(120))], {
    concurrency: "unbounded"
  })
  yield* talk(town, alice, bob, 2, 2_000)
  for (const { events } of town.people) {
    // Two handshakes that just miss each other may make a second connection, which takes the place of the first.
    const links = events.filter((event) => event._tag === "Connected" || event._tag === "Disconnected")
    const text = links.map((event) => (event._tag === "Disconnected" ? event.reason : "up")).join()
    if (text !== "up" && text !== "up,replaced,up") throw new Error(text)
  }
}

/**
 * Clocks that are wrong, the server's too, stop nobody from talking. Who differs from the server is told so once, also
 * when the server comes back; and what is written by two who have the server's time bears that.
 */
export function* wrongClocks() {
  const { kernel } = (yield* Sim).world
  const rng = kernel.rng.fork("test")
  const ahead = [0, 0, 60_000, 3 * DAY, 400 * DAY, 4_000 * DAY]
  const behind = [-DAY, -400 * DAY, SINCE_1970]
  const server = rng.pick([...ahead, ...behind])
  // A server in the years before there was parley says nothing to somebody else who is behind.
  const error = () => rng.pick(server < 0 ? ahead : [...ahead, ...behind])
  const errors = { server, alice: error(), bob: error() }
  const { alice, bob, sim, town } = yield* friends({
    serverHost: { clock: { offsetMs: errors.server } },
    person: (name) => ({ host: { clock: { offsetMs: errors[name as "alice" | "bob"] } } })
  })
  yield* talk(town, alice, bob, 3, 2_000)
  yield* town.server.restart
  yield* sim.eventually("both are registered again", () => alice.holds && bob.holds, "70 seconds")
  yield* talk(town, alice, bob, 1, 2_000)
  for (const { events, name } of [alice, bob]) {
    const told = events.filter((event) => event._tag === "Failed")
    const differs = Math.abs(errors[name as "alice" | "bob"] - errors.server) > 120_000
    if (told.length !== (differs ? 1 : 0) || told.some(({ code }) => code !== "Clock"))
      throw new Error(`${name} of ${JSON.stringify(errors)} was told ${JSON.stringify(told)}`)
  }
  if (errors.server !== 0) return
  for (const event of [...alice.events, ...bob.events])
    if (event._tag === "Message" && !(Math.abs(event.writtenAt! - START - sim.now()) < 300_000))
      throw new Error(`written at ${event.writtenAt}, with ${JSON.stringify(errors)}`)
}

/** People talk on while nobody reaches the server. */
export function* withoutServer() {
  const { alice, bob, sim, town } = yield* friends()
  yield* sim.begin({ kind: "partition", from: "server" })
  yield* talk(town, alice, bob, 100, 2_000)
  yield* sim.quiesce
  yield* sim.eventually("both are registered again", () => alice.holds && bob.holds, "30 seconds")
}

/** A server that restarts gets everybody back, and no conversation notices. */
export function* serverRestarts() {
  const { alice, bob, sim, town } = yield* friends()
  const rng = sim.world.kernel.rng.fork("test")
  const before = alice.events.length
  for (const down of [town.server.crash, town.server.kill, town.server.stop]) {
    yield* down
    yield* talk(town, alice, bob, rng.between(1, 30), 2_000)
    yield* town.server.restart
    // 45 s until a client notices that the machine of its server lost its memory, 15 s until it tries again.
    yield* sim.eventually("both are registered again", () => alice.holds && bob.holds, "70 seconds")
  }
  const lost = alice.events.slice(before).find(({ _tag }) => _tag === "Disconnected")
  if (lost !== undefined) throw new Error(`a conversation broke: ${JSON.stringify(lost)}`)
}

/** What is said to somebody whose machine dies is delivered after its return, once. */
export function* readerDies() {
  const { alice, bob, sim, town } = yield* friends()
  const rng = sim.world.kernel.rng.fork("test")
  for (const down of [bob.crash, bob.kill, bob.stop]) {
    yield* alice.say(bob)
    yield* Effect.sleep(rng.unit() * 100)
    yield* down
    for (let i = 0; i < 5; i++) {
      yield* alice.say(bob, i)
      yield* Effect.sleep(10 ** (4 * rng.unit()))
    }
    yield* bob.start
    yield* sim.eventually("bob is back", () => bob.registered, "10 seconds")
    // Until bob asks again, alice may write what an invitation allows.
    yield* sim.eventually("bob has everything", () => town.ledger.outstanding.length === 0, "1 minute")
    yield* bob.query(alice)
  }
}

/** Somebody dies who has read sixteen messages that nobody was told of: what is said then needs no asking back. */
export function* readerDiesUnconfirmed() {
  const { alice, bob, sim, town } = yield* friends()
  const cut = [
    yield* sim.begin({ kind: "block", from: "bob", to: "alice" }),
    yield* sim.begin({ kind: "block", from: "bob", to: "server" })
  ]
  for (let i = 0; i < 16; i++) yield* alice.say(bob, i)
  const shown = () => bob.events.filter(({ _tag }) => _tag === "Message").length
  yield* sim.eventually("bob has read all of it", () => shown() >= 16, "10 seconds")
  // The last one is written down when he looks away from it.
  yield* Effect.sleep("3 seconds")
  yield* bob.kill
  for (const end of cut) yield* end
  yield* bob.start
  yield* sim.eventually("bob is back", () => bob.registered, "1 minute")
  yield* alice.say(bob, 16)
  yield* sim.eventually("bob has everything", () => town.ledger.outstanding.length === 0, "1 minute")
  if (shown() !== 1) throw new Error(`bob was shown ${shown()} messages after his return`)
}

/** Somebody leaves a conversation and asks for it again before the end of it is through: it begins anew. */
export function* leavesAndAsks() {
  const { alice, bob, sim, town } = yield* friends()
  const rng = sim.world.kernel.rng.fork("test")
  for (let round = 0; round < 4; round++) {
    const asks = rng.chance(0.7) ? alice.query(bob) : Effect.delay(alice.query(bob), rng.unit() * 100)
    const [, code] = yield* Effect.all([alice.leave(bob), asks], { concurrency: "unbounded" })
    if (code !== "ok") throw new Error(`alice asks for bob: ${code}`)
    // Bob, who was left, asks back as people do.
    yield* Effect.sleep("1 second")
    yield* bob.query(alice)
    yield* talk(town, alice, bob, 1, 8_000)
  }
}

/** A lost key is refused aloud, and nothing is said to its successor before it is trusted. */
export function* lostKey() {
  const { alice, bob, sim, town } = yield* friends()
  yield* bob.exit
  for (const name of bob.host.machine.disk.names()) bob.host.machine.disk.remove(name)
  yield* bob.start
  yield* sim.eventually("bob is back", () => bob.registered, "2 minutes")
  yield* alice.say(bob)
  const code = yield* alice.query(bob)
  if (code !== "KeyChanged") throw new Error(`the changed key got ${code}`)
  yield* bob.query(alice)
  yield* Effect.sleep("1 minute")
  const shown = bob.events.find(({ _tag }) => _tag === "Message")
  if (shown !== undefined) throw new Error("the successor was shown a message to its predecessor")
  yield* alice.trust(bob)
  yield* alice.query(bob)
  // Bob's own attempts, until now in vain, come every five seconds.
  yield* talk(town, alice, bob, 2, 8_000)
}

/** Somebody gets a new address in the middle of a conversation, which goes on there. */
export function* roaming() {
  const { alice, bob, sim, town } = yield* friends()
  const rng = sim.world.kernel.rng.fork("test")
  for (let i = 0; i < 3; i++) {
    yield* sim.begin({ kind: "address-change", host: rng.pick(["alice", "bob"]) })
    yield* Effect.all([alice.say(bob), bob.say(alice)])
    yield* sim.eventually("all is delivered", () => town.ledger.outstanding.length === 0, "8 seconds")
    yield* Effect.sleep(rng.between(10, 20_000))
  }
}

/**
 * Somebody starts anew while the other one's router forgets everything, the link to the server with it, over which the
 * news come: what both say then does not wait until a ping to the server is overdue.
 */
export function* startsBehindForgetfulRouter() {
  const person = (name: string) => (name === "alice" ? { host: { nat: Nat.portRestricted } } : {})
  const { alice, bob, sim, town } = yield* friends({ person })
  const rng = sim.world.kernel.rng.fork("test")
  yield* Effect.sleep(rng.between(1_000, 20_000))
  yield* bob.crash
  yield* yield* sim.begin({ kind: "nat-reboot", router: "alice/router" })
  yield* bob.start
  yield* sim.eventually("bob is back", () => bob.registered, "5 seconds")
  yield* bob.query(alice)
  yield* talk(town, alice, bob, 2, 8_000)
}

/** What happens to somebody on the move. Behind a usual NAT, all of them. */
const moves: ReadonlyArray<Fault> = [
  { kind: "nat-reboot", router: "alice/router" },
  { kind: "nat-renumber", router: "alice/router" },
  { kind: "address-change", host: "bob" },
  { kind: "pause", host: "bob" },
  { kind: "offline", host: "alice" }
]

/** Conversations survive new addresses, forgetful routers and short sleeps. */
export function* moving() {
  const person = (name: string) => (name === "alice" ? { host: { nat: Nat.portRestricted } } : {})
  const { alice, bob, sim, town } = yield* friends({ person })
  const rng = sim.world.kernel.rng.fork("test")
  for (let i = 0; i < 4; i++) {
    const move = rng.pick(moves)
    const end = yield* sim.begin(move)
    yield* Effect.fork(Effect.zip(alice.say(bob), bob.say(alice)))
    yield* Effect.sleep(rng.between(10, 10_000))
    yield* end
    yield* sim.eventually(`all is delivered after ${move.kind}`, () => town.ledger.outstanding.length === 0, "1 minute")
  }
}

const DAY = 86_400_000
/** Wall time at which a run begins, in ms since 1970 UTC. */
const START = Date.UTC(2026, 0)
/** Of a machine whose clock was never set. */
const SINCE_1970 = 2 * DAY - START
