import * as Effect from "effect/Effect"
import type { Sim } from "parley-chat/sim"
import type { Person } from "./Person.js"
import type { Town } from "./Town.js"

/** How people behave: the weight of each action. What is left out never happens. */
export interface Habits {
  readonly say?: number
  readonly query?: number
  readonly leave?: number
  readonly crash?: number
  readonly kill?: number
  readonly stop?: number
  readonly exit?: number
}

/** People who mostly talk. */
export const talkative: Habits = { say: 60, query: 30, leave: 3 }

/** People whose machines and tempers are bad as well. */
export const restless: Habits = { ...talkative, crash: 4, kill: 2, stop: 2, exit: 2 }

/** Everybody does what the seed says, for `forMs` virtual ms. */
export const live = (town: Town, habits: Habits, forMs: number): Effect.Effect<void, unknown> =>
  Effect.forEach(town.people, (person) => oneLives(town, person, habits), { concurrency: "unbounded" }).pipe(
    Effect.timeoutOption(forMs),
    Effect.asVoid
  )

/** The server goes down and comes up again, in all ways that it can, for `forMs` virtual ms. */
export const restartServer = ({ server, sim }: Town, forMs: number): Effect.Effect<void> => {
  const rng = random(sim, "server")
  return Effect.gen(function* () {
    while (true) {
      yield* Effect.sleep(rng.between(1_000, 40_000))
      yield* Effect.uninterruptible(rng.pick([server.crash, server.kill, server.stop]))
      yield* Effect.sleep(magnitude(rng, 1, 4.5))
      yield* server.restart
    }
  }).pipe(Effect.timeoutOption(forMs), Effect.zipRight(server.restart))
}

const oneLives = ({ people, sim }: Town, person: Person, habits: Habits): Effect.Effect<never, unknown> => {
  const rng = random(sim, person.name)
  const others = people.filter((other) => other !== person)
  /** Each action as often as its weight says. */
  const urn = Object.entries(habits).flatMap(([action, weight]) => Array<string>(weight).fill(action)) as ReadonlyArray<
    keyof Habits
  >

  const act = Effect.suspend((): Effect.Effect<unknown, unknown> => {
    const action = rng.pick(urn)
    const peer = rng.pick(others)
    switch (action) {
      case "say":
        return Effect.repeatN(
          Effect.suspend(() => person.say(peer, rng.chance(0.1) ? rng.between(1_000, 8_000) : rng.below(60))),
          rng.below(4)
        )
      case "query":
        return person.query(peer)
      case "leave":
        return person.leave(peer)
      default:
        return Effect.zipRight(
          Effect.uninterruptible(person[action]),
          Effect.delay(person.start, magnitude(rng, 1, 4.9))
        )
    }
  })
  return Effect.forever(Effect.suspend(() => Effect.delay(act, magnitude(rng, 0, 3.7))))
}

const random = (sim: Town["sim"], name: string) => sim.world.kernel.rng.fork(`users/${name}`)

/** Virtual ms from 10^low to 10^high, every order of magnitude as likely as the other. */
const magnitude = (rng: Random, low: number, high: number): number => 10 ** (low + rng.unit() * (high - low))

type Random = Sim["Type"]["world"]["kernel"]["rng"]
