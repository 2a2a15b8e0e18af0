import { Sim } from "parley-chat/sim"
import { attack } from "./Attacker.js"
import { leavesNothing, settles } from "./Settling.js"
import * as Town from "./Town.js"
import * as Users from "./Users.js"

/** A network that flips, cuts, repeats and replays changes nothing. */
export function* badNetwork() {
  const town = yield* Town.make({ people: ["alice", "bob"] })
  yield* settles(town)
  yield* town.sim.begin({ kind: "corrupt", probability: 0.1 })
  yield* town.sim.begin({ kind: "truncate", probability: 0.1 })
  yield* town.sim.begin({ kind: "duplicate", probability: 0.3 })
  yield* town.sim.begin({ kind: "replay", probability: 0.3, ms: 20_000 })
  yield* town.sim.begin({ kind: "reorder", probability: 0.3, ms: 500 })
  yield* Users.live(town, { say: 1 }, 30_000)
  yield* settles(town)
  const odd = town.people.flatMap(({ events }) =>
    events.filter(({ _tag }) => _tag === "Disconnected" || _tag === "Failed")
  )
  if (odd.length > 0) throw new Error(`people noticed: ${JSON.stringify(odd)}`)
}

/** Junk, mutants and replays from a stranger on every port change nothing. */
export function* stranger() {
  const { seed } = yield* Sim
  const town = yield* Town.make({ people: ["alice", "bob"] })
  yield* attack(town)
  yield* settles(town)
  yield* Users.live(town, seed % 2 === 0 ? { say: 1 } : Users.restless, 20_000)
  yield* settles(town)
  yield* leavesNothing(town)
}
