import * as Effect from "effect/Effect"
import { Sim } from "parley-chat/sim"
import type { Person } from "../product/Person.js"
import * as Town from "../product/Town.js"
import type { Arrangement, Way } from "./Places.js"
import { Watcher } from "./Watcher.js"

/** Alice and bob, and a stopwatch for all that they say. */
export class Talk {
  /**
   * When each person's messages were said to them: they are shown in order and once, so the n-th here is the n-th
   * there.
   */
  private readonly said = new Map<Person, Array<number>>()
  readonly alice: Person
  readonly bob: Person

  constructor(
    readonly sim: Sim["Type"],
    readonly town: Town.Town,
    private readonly watchers: ReadonlyMap<string, Watcher>
  ) {
    this.alice = town.person("alice")
    this.bob = town.person("bob")
  }

  watch({ name }: Person): Watcher {
    return this.watchers.get(name)!
  }

  /** On which path both are; `undefined` when that differs. */
  get way(): Way | undefined {
    const [alice, bob] = [this.watch(this.alice).way, this.watch(this.bob).way]
    return alice === bob ? alice : undefined
  }

  /** The longest that any message took from being said to being shown, in virtual ms. */
  get slowestMs(): number {
    let slowest = 0
    for (const [person, said] of this.said) {
      for (const [index, at] of this.watch(person).messagesAt.entries()) slowest = Math.max(slowest, at - said[index]!)
    }
    return slowest
  }

  say(from: Person, length = 0): Effect.Effect<void, unknown> {
    const to = from === this.alice ? this.bob : this.alice
    return Effect.suspend(() => {
      const said = this.said.get(to) ?? []
      this.said.set(to, said)
      said.push(this.sim.now())
      return from.say(to, length)
    }).pipe(Effect.flatMap((code) => (code === "ok" ? Effect.void : Effect.fail(new Error(`a message got ${code}`)))))
  }

  /** Both say something each `everyMs`, for `forMs`. */
  chat(everyMs: number, forMs: number): Effect.Effect<void, unknown> {
    const both = Effect.zip(this.say(this.alice), this.say(this.bob))
    return Effect.asVoid(Effect.repeatN(Effect.delay(both, everyMs), Math.floor(forMs / everyMs) - 1))
  }

  /** Waits until everything is delivered. */
  delivered(withinMs: number): Effect.Effect<void, unknown> {
    return this.sim.eventually("all is delivered", () => this.town.ledger.outstanding.length === 0, withinMs)
  }

  arrives(way: Way, withinMs: number): Effect.Effect<void, unknown> {
    return this.sim.eventually(`the path is ${way}`, () => this.way === way, withinMs)
  }
}

/**
 * Two clients that are registered and have learnt of the internet what there is to learn; nobody has asked for anybody.
 */
export const gather = ({ place }: Arrangement, options: Partial<Town.TownOptions> = {}) =>
  Effect.gen(function* () {
    const sim = yield* Sim
    const [alice, bob] = yield* place
    const watchers = new Map(["alice", "bob"].map((name) => [name, new Watcher(sim.now)]))
    const { person, ...rest } = options
    const town = yield* Town.make({
      people: ["alice", "bob"],
      serverHost: { ipv6: "auto" },
      person: (name) => ({
        ...person?.(name),
        host: name === "alice" ? alice : bob,
        onEvent: (event) => watchers.get(name)?.see(event)
      }),
      ...rest
    })
    const { people } = town
    yield* sim.eventually("both are registered", () => people.every(({ registered }) => registered), "20 seconds")
    yield* Effect.sleep(AT_HOME)
    return new Talk(sim, town, watchers)
  })

/** The same after both have asked for each other and come to the path of theory. */
export const begin = (where: Arrangement, options: Partial<Town.TownOptions> = {}) =>
  Effect.gen(function* () {
    const talk = yield* gather(where, options)
    const { alice, bob } = talk
    yield* asks(alice, bob)
    yield* asks(bob, alice)
    yield* talk.arrives(where.theory, ARRIVES)
    return talk
  })

/** For those who are to stay where theory has them. */
export const WITHOUT_GUESSES: Partial<Town.TownOptions> = { person: () => ({ client: { portGuessing: false } }) }

/** Asks, and fails unless the answer is yes. */
export const asks = (person: Person, peer: Person): Effect.Effect<void, unknown> =>
  Effect.flatMap(person.query(peer), (code) =>
    code === "ok" ? Effect.void : Effect.fail(new Error(`${person.name} asks for ${peer.name}: ${code}`))
  )

/** Virtual ms until the NATs are examined. */
const AT_HOME = 3_000
/** Virtual ms: more than the 3 s of the goal, because bad luck is no reason to fail here. */
const ARRIVES = 40_000
