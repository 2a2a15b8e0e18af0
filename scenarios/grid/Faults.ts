import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { Nat, Sim } from "parley-chat/sim"
import { between, type Kind, kindOf } from "./Places.js"
import * as Talk from "./Talk.js"

const open = kindOf("open")
const home = kindOf("port-restricted")
const hard = kindOf("symmetric, random ports")
/** A router that forgets as soon as many do, and lets nobody outside keep a mapping alive. */
const forgetful: Kind = {
  ...home,
  name: "port-restricted, forgets after 30 s",
  place: () => Effect.succeed({ nat: { ...Nat.portRestricted, udpTimeoutMs: 30_000, permissionMs: 30_000 } })
}

const random = Effect.map(Sim, (sim) => sim.world.kernel.rng.fork("test"))

/** One direction loses every third packet. */
export function* oneWayLoss() {
  const talk = yield* Talk.begin(between(home, home))
  const end = yield* talk.sim.begin({ kind: "loss", from: "alice", to: "bob", oneWay: true, probability: 0.35 })
  yield* talk.chat(500, 30_000)
  yield* talk.delivered(10_000)
  yield* end
  yield* talk.chat(500, 5_000)
  yield* talk.delivered(1_000)
  yield* talk.arrives("direct", 70_000)
}

/** The server dies right after it has introduced two people, and comes back. */
export function* serverRestartsWhileProbing() {
  const rng = yield* random
  const { alice, bob, ...talk } = yield* gathered(rng.pick([home, hard]), home)
  const isThere = () => talk.it.way === talk.theory || talk.it.way === "direct"
  yield* Talk.asks(alice, bob)
  yield* talk.it.say(alice)
  yield* Effect.sleep(rng.unit() * 300)
  yield* rng.pick([talk.it.town.server.crash, talk.it.town.server.kill, talk.it.town.server.stop])
  yield* Effect.sleep(rng.between(100, 20_000))
  yield* talk.it.town.server.restart
  yield* talk.it.delivered(90_000)
  // It takes a while until a client notices that its server has forgotten it.
  yield* Effect.retry(Talk.asks(bob, alice), Schedule.spaced("2 seconds")).pipe(Effect.timeout("90 seconds"))
  yield* talk.it.chat(500, 5_000)
  yield* talk.it.delivered(90_000)
  yield* talk.it.sim.eventually("the path is that of theory, or found by guesses", isThere, 70_000)
  yield* talk.it.chat(500, 5_000)
  yield* talk.it.delivered(2_000)
}

/** Two behind routers ask for each other at the same time: one connection, on the path of theory. */
export function* crossingQueries() {
  const rng = yield* random
  const { alice, bob, ...talk } = yield* gathered(rng.pick([open, home, hard]), home)
  const later = Effect.delay(Talk.asks(bob, alice), rng.unit() * rng.below(200))
  yield* Effect.all([Talk.asks(alice, bob), later], { concurrency: "unbounded" })
  yield* talk.it.chat(200, 2_000)
  yield* talk.it.delivered(1_000)
  yield* talk.it.arrives(talk.theory, 5_000)
  for (const { events, name } of [alice, bob]) {
    const links = events.map(({ _tag }) => _tag).filter((tag) => LINKS.has(tag))
    if (links.join() !== "Connected,Mutual") yield* Effect.fail(new Error(`${name}: ${links}`))
  }
}

/** A silent conversation stays where it is though routers forget after 30 s. */
export function* forgetfulRouters() {
  const talk = yield* Talk.begin(between(forgetful, forgetful))
  yield* talk.chat(500, 2_000)
  yield* Effect.sleep("1 second")
  const before = [changes(talk), turnedAway(talk)].join()
  yield* Effect.sleep("30 minutes")
  const after = [changes(talk), turnedAway(talk)].join()
  if (after !== before) yield* Effect.fail(new Error(`path changes, packets turned away: ${before}, then ${after}`))
  yield* talk.chat(500, 2_000)
  yield* talk.delivered(1_000)
  if (talk.way !== "direct") yield* Effect.fail(new Error(`in the end the path is ${talk.way}`))
}

/** Clocks that are minutes wrong and run apart. */
export function* skewedClocks() {
  const rng = yield* random
  const skewed = (kind: Kind): Kind => ({
    ...kind,
    place: (host) =>
      Effect.map(kind.place(host), (options) => ({
        ...options,
        clock: { offsetMs: rng.between(-600_000, 600_000), driftPpm: rng.between(-500, 500) }
      }))
  })
  const talk = yield* Talk.begin(between(skewed(home), skewed(home)))
  yield* talk.chat(1_000, 10_000)
  // Beyond a rekeying, a lease, and silence.
  yield* Effect.sleep("20 minutes")
  yield* talk.chat(1_000, 200_000)
  yield* talk.delivered(1_000)
  if (talk.way !== "direct") yield* Effect.fail(new Error(`in the end the path is ${talk.way}`))
}

/** Somebody moves while a long message is under way. */
export function* roamingInMidMessage() {
  const rng = yield* random
  const mover = rng.pick([open, home])
  const talk = yield* Talk.begin(between(mover, home))
  const { alice, bob, sim } = talk
  for (let i = 0; i < 3; i++) {
    yield* Effect.all([talk.say(alice, LONG), talk.say(bob, LONG)])
    yield* Effect.sleep(rng.unit() * 400)
    yield* sim.begin(
      mover === open ? { kind: "address-change", host: "alice" } : { kind: "nat-renumber", router: "alice/router" }
    )
    yield* talk.delivered(10_000)
    yield* Effect.sleep(rng.between(10, 20_000))
  }
}

const gathered = (a: Kind, b: Kind) =>
  Effect.gen(function* () {
    const where = between(a, b)
    const it = yield* Talk.gather(where)
    return { it, theory: where.theory, alice: it.alice, bob: it.bob }
  })

const changes = (talk: Talk.Talk): number => talk.watch(talk.alice).changes + talk.watch(talk.bob).changes

/** Packets that a router did not let in. */
const turnedAway = ({ sim }: Talk.Talk): number =>
  [...sim.world.routers.values()].reduce((sum, { nat }) => sum + nat.stats.filtered + nat.stats.unmapped, 0)

const LINKS: ReadonlySet<string> = new Set(["Connected", "Disconnected", "Mutual"])

/** Characters: several dozen packets. */
const LONG = 40_000
