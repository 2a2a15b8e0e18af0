import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Transfer } from "../../src/core/client/Transfer.js"
import type { Person } from "./Person.js"
import { leavesNothing, settles } from "./Settling.js"
import * as Town from "./Town.js"
import * as Users from "./Users.js"

/** Virtual ms of trouble; then everything must come right. */
const TROUBLE = 30_000

/** Nobody leaves a conversation, which cancels its files; machines and programs die. */
const HABITS: Users.Habits = { ...Users.talkative, leave: 0, crash: 3, kill: 3, stop: 2 }

/**
 * Files sent both ways on bad machines and a bad network, while people talk: each arrives as it was, once, or its
 * sender knows of none.
 */
export function* files() {
  const town = yield* Town.make({ people: ["alice", "bob"], person: () => ({ client: { accept: "all" } }) })
  const [alice, bob] = town.people as [Person, Person]
  for (const person of town.people) {
    person.host.machine.disk.files.put(`of-${person.name}`, content(person.name))
    person.host.machine.disk.files.makeFolder("in")
  }
  yield* town.sim.swarm({ withinMs: TROUBLE })
  yield* Effect.all(
    [
      Users.live(town, HABITS, TROUBLE),
      Effect.delay(
        alice.call((client) => client.files.offer("bob", "of-alice")),
        6_000
      ),
      Effect.delay(
        bob.call((client) => client.files.offer("alice", "of-bob")),
        12_000
      )
    ],
    { concurrency: "unbounded" }
  )
  yield* settles(town)
  for (const [sender, receiver] of [
    [alice, bob],
    [bob, alice]
  ] as const) {
    const name = `of-${sender.name}`
    for (let waited = 0; ; waited++) {
      const sending = yield* listed(sender, name)
      if (sending.every(({ state }) => state === "done") || sending.some(({ state }) => state === "failed")) break
      if (waited === PATIENCE) yield* broken(town, `${name} does not arrive: ${JSON.stringify(sending)}`)
      yield* Effect.sleep(1_000)
    }
    const failed = (yield* listed(sender, name)).find(({ state }) => state === "failed")
    if (failed !== undefined) yield* broken(town, `${name} failed: ${failed.message}`)
    const arrived = receiver.host.machine.disk.files.paths().filter((path) => path.startsWith(`/home/${name}`))
    const there = receiver.host.machine.disk.files.get(name)
    if ((yield* listed(sender, name)).length > 0 && there === undefined) yield* broken(town, `${name} is not there`)
    if (there !== undefined && Buffer.compare(there, content(sender.name)) !== 0)
      yield* broken(town, `${name} is not what was sent`)
    if (arrived.length > 1) yield* broken(town, `${name} arrived more than once: ${arrived.join(", ")}`)
  }
  yield* leavesNothing(town)
}

/** Transfers of this file that the present life of its sender knows of. */
const listed = (person: Person, name: string): Effect.Effect<ReadonlyArray<Transfer>> =>
  Effect.map(
    person.call((client) => client.files.list),
    (result) =>
      result === undefined || Either.isLeft(result)
        ? []
        : result.right.filter((transfer) => transfer.direction === "out" && transfer.name === name)
  )

const broken = (town: Town.Town, what: string) => Effect.fail(new Error(`files: ${what} (at ${town.sim.now()} ms)`))

/** Three chunks, no two pages the same. */
const content = (name: string): Uint8Array =>
  Uint8Array.from({ length: 600_000 }, (_, at) => (at * 31 + (at >> 8) * 7 + name.length) & 0xff)

/** Seconds in a world without faults. */
const PATIENCE = 300
