import * as Effect from "effect/Effect"
import type { Machine } from "../../src/sim/Machine.js"
import type { Person } from "./Person.js"
import type { Town } from "./Town.js"

/**
 * What must come true once the world is good: everybody is registered, everybody can ask for everybody, every message
 * that was accepted is shown and confirmed, and so is the next one, soon.
 */
export const settles = (town: Town) =>
  Effect.gen(function* () {
    const { ledger, people, sim } = town
    yield* sim.quiesce
    yield* Effect.forEach(people, (person) => person.start)
    yield* sim.eventually("everybody has a nickname", () => people.every(({ registered }) => registered), "5 minutes")
    const pairs = people.flatMap((person) =>
      people.filter((peer) => peer !== person).map((peer) => [person, peer] as const)
    )
    yield* Effect.forEach(pairs, ([person, peer]) => becomesAcquainted(person, peer), {
      concurrency: "unbounded"
    }).pipe(
      Effect.timeoutFail({ duration: "6 minutes", onTimeout: () => new Error("somebody could not ask for somebody") })
    )
    yield* sim.eventually("all messages are delivered", () => ledger.outstanding.length === 0, "6 minutes")
    yield* Effect.forEach(pairs, ([person, peer]) => person.say(peer))
    yield* sim.eventually("the next messages are delivered soon", () => ledger.outstanding.length === 0, "10 seconds")
  })

/** Everybody leaves, then the server stops, and nothing is left of any of them (law 6). */
export const leavesNothing = ({ people, server, sim }: Town) =>
  Effect.gen(function* () {
    yield* Effect.forEach(people, (person, index) => (index % 2 === 0 ? person.exit : person.stop))
    yield* server.stop
    yield* Effect.sleep(AFTERMATH)
    for (const { machine } of [server, ...people.map(({ host }) => host)]) {
      const left = remains(machine)
      if (left !== undefined) yield* Effect.fail(new Error(`law 6: left behind on ${left} (at ${sim.now()} ms)`))
    }
  })

/** Asks until the answer is yes. A key that was lost with its disk is looked at and accepted, as people do. */
const becomesAcquainted = (person: Person, peer: Person): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    const code = yield* person.query(peer)
    if (code === "ok") return
    if (!PASSING.has(code)) return yield* Effect.fail(new Error(`${person.name} asks for ${peer.name}: ${code}`))
    if (code === "KeyChanged") yield* person.trust(peer)
    yield* Effect.delay(becomesAcquainted(person, peer), 2_000)
  })

/** Refusals that time heals. */
export const PASSING: ReadonlySet<string> = new Set([
  "KeyChanged",
  "NoSuchPeer",
  "RateLimited",
  "ServerUnreachable",
  "NotRegistered"
])

/** What is left of a program: sockets, locks, fibers, timers. */
const remains = ({ disk, host, name, process }: Machine): string | undefined => {
  const left = {
    "UDP sockets": host.udp.size,
    "TCP connections": host.connections.size,
    listeners: host.listeners.size,
    locks: disk.locks.size,
    fibers: process.roots.size,
    timers: process.kernel.timersOf(process)
  }
  const found = Object.entries(left).filter(([, count]) => count > 0)
  return found.length === 0 ? undefined : `${name}: ${found.map(([what, count]) => `${count} ${what}`).join(", ")}`
}

/**
 * Virtual ms: a machine remembers closing connections for a minute (tcp_fin_timeout) once it has given up resending
 * their end.
 */
const AFTERMATH = 180_000
