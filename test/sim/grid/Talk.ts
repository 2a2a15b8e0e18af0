import * as Effect from "effect/Effect"
import { Sim } from "parley/sim"
import type { ClientEvent } from "../../../src/client/Events.js"
import type { Person } from "../product/Person.js"
import * as Town from "../product/Town.js"
import type { Arrangement, Way } from "./Places.js"

/** Alice and bob, who have asked for each other and are on the path of theory, with a stopwatch for what they say. */
export class Talk {
  /** When each was shown a message, and when that was said: in order and once, so the n-th belongs to the n-th. */
  private readonly shown = new Map<Person, Array<number>>()
  private readonly said = new Map<Person, Array<number>>()
  private readonly ways = new Map<string, Way | undefined>()
  readonly alice: Person
  readonly bob: Person

  constructor(
    readonly sim: Sim["Type"],
    readonly town: Town.Town
  ) {
    this.alice = town.person("alice")
    this.bob = town.person("bob")
    for (const person of town.people) {
      this.shown.set(person, [])
      this.said.set(person, [])
    }
  }

  /** On which path both are; `undefined` when that differs. */
  get way(): Way | undefined {
    const [alice, bob] = [this.ways.get("alice"), this.ways.get("bob")]
    return alice === bob ? alice : undefined
  }

  /** The longest that any message took from being said to being shown, in virtual ms. */
  get slowestMs(): number {
    let slowest = 0
    for (const [person, times] of this.shown) {
      const said = this.said.get(person)!
      for (const [index, at] of times.entries()) slowest = Math.max(slowest, at - said[index]!)
    }
    return slowest
  }

  say(from: Person, length = 0): Effect.Effect<void, unknown> {
    const to = from === this.alice ? this.bob : this.alice
    return Effect.suspend(() => {
      this.said.get(to)!.push(this.sim.now())
      return from.say(to, length)
    }).pipe(Effect.flatMap((code) => (code === "ok" ? Effect.void : Effect.fail(new Error(`a message got ${code}`)))))
  }

  /** Both say something each `everyMs`, for `forMs`. */
  chat(everyMs: number, forMs: number): Effect.Effect<void, unknown> {
    const both = Effect.zip(this.say(this.alice), this.say(this.bob))
    return Effect.repeatN(Effect.delay(both, everyMs), Math.floor(forMs / everyMs) - 1)
  }

  /** Waits until everything is delivered. */
  delivered(within: number): Effect.Effect<void, unknown> {
    return this.sim.eventually("all is delivered", () => this.town.ledger.outstanding.length === 0, within)
  }

  arrives(way: Way, within: number): Effect.Effect<void, unknown> {
    return this.sim.eventually(`the path is ${way}`, () => this.way === way, within)
  }

  see(name: string, event: ClientEvent): void {
    if (event._tag === "Connected" || event._tag === "PathChanged") this.ways.set(name, event.path.kind)
    if (event._tag === "Disconnected") this.ways.set(name, undefined)
    if (event._tag === "Message") this.shown.get(this.town.person(name))!.push(this.sim.now())
  }
}

export const begin = ({ place, theory }: Arrangement, options: Partial<Town.TownOptions> = {}) =>
  Effect.gen(function* () {
    const talk = yield* introduce(yield* place, options)
    yield* talk.arrives(theory, ARRIVES)
    return talk
  })

/** The same without waiting for the path: both have asked, and that is all. */
export const introduce = (
  [alice, bob]: Effect.Effect.Success<Arrangement["place"]>,
  options: Partial<Town.TownOptions> = {}
) =>
  Effect.gen(function* () {
    const sim = yield* Sim
    let talk: Talk | undefined
    const town = yield* Town.make({
      people: ["alice", "bob"],
      serverHost: { ipv6: "auto" },
      person: (name) => ({
        host: name === "alice" ? alice : bob,
        onEvent: (event) => talk?.see(name, event)
      }),
      ...options
    })
    talk = new Talk(sim, town)
    const { people } = town
    yield* sim.eventually("both are registered", () => people.every(({ registered }) => registered), "20 seconds")
    yield* Effect.sleep(AT_HOME)
    yield* talk.alice.query(talk.bob)
    yield* talk.bob.query(talk.alice)
    return talk
  })

/** Virtual ms that people are there before they ask: they have learnt of the internet what there is to learn. */
export const AT_HOME = 3_000
/** Virtual ms: more than the 3 s of the goal, because bad luck is no reason to fail here. */
const ARRIVES = 40_000
