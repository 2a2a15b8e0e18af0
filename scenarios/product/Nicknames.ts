import * as Effect from "effect/Effect"
import { Nat, Sim } from "parley-chat/sim"
import type { Person } from "./Person.js"
import { leavesNothing } from "./Settling.js"
import * as Town from "./Town.js"

const rivals = ["ann", "ben", "cat", "dan", "eve"]

/** Many want one nickname: one has it, the others are offered another. */
export function* race() {
  const town = yield* Town.make({ people: rivals, person: () => ({ nick: "star" }), punctual: true })
  const refused = ({ taken }: Person) => taken > 0
  yield* town.sim.eventually(
    "all have an answer",
    () => town.people.every((person) => person.registered !== refused(person)),
    "10 seconds"
  )
  yield* holders(town, 1)
  yield* leavesNothing(town)
}

/** A nickname goes from hand to hand, and is nobody's in between. */
export function* handToHand() {
  const town = yield* Town.make({ people: rivals, person: () => ({ nick: "star" }), punctual: true })
  const { sim } = town
  const rng = sim.world.kernel.rng.fork("test")
  for (let round = 0; round < 4; round++) {
    yield* sim.eventually("somebody has it", () => holding(town).length === 1, "3 minutes")
    const holder = holding(town)[0]!
    yield* rng.pick([holder.crash, holder.kill, holder.stop, holder.exit])
    yield* Effect.sleep(10 ** (1 + 4 * rng.unit()))
    yield* holder.start
  }
  yield* holders(town, 1)
}

/** Who was cut off gets the nickname back at once, and nobody else before the time. */
export function* cutOff() {
  const town = yield* Town.make({ people: ["ann", "ben"], person: () => ({ nick: "star" }), punctual: true })
  const { sim } = town
  yield* sim.eventually("somebody has it", () => holding(town).length === 1, "10 seconds")
  const holder = holding(town)[0]!
  yield* Effect.sleep(1_000)
  yield* holder.crash
  const rng = sim.world.kernel.rng.fork("test")
  // A lost connection that nobody noticed: 45 s of silence, then 60 s of grace.
  yield* Effect.sleep(rng.between(10, 100_000))
  yield* holder.start
  yield* sim.eventually("the owner has it again", () => holder.registered, "2 seconds")
}

/** A lease ends, whatever the clocks do. */
export function* leaseEnds() {
  const rng = (yield* Sim).world.kernel.rng.fork("test")
  const clock = () => ({ offsetMs: rng.between(-86_400_000, 86_400_000), driftPpm: rng.between(-500, 500) })
  const person = () => ({ nick: "star", host: { clock: clock(), nat: Nat.portRestricted } })
  const town = yield* Town.make({ people: ["ann", "ben"], person, punctual: true })
  const { sim } = town
  yield* sim.eventually("somebody has it", () => holding(town).length === 1, "10 seconds")
  const holder = holding(town)[0]!
  const other = town.people.find((each) => each !== holder)!
  const heal = yield* sim.begin({ kind: "partition", from: holder.name, to: "server" })
  yield* sim.eventually("the other one gets it", () => other.registered, "3 minutes")
  yield* heal
  yield* sim.eventually("the former owner learns it", () => holder.taken > 0, "1 minute")
}

const holding = ({ people }: Town.Town): ReadonlyArray<Person> => people.filter(({ holds }) => holds)

const holders = (town: Town.Town, count: number) =>
  town.sim.eventually(`${count} has it`, () => holding(town).length === count, "3 minutes")
