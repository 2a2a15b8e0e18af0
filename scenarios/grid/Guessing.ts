import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Scope } from "effect/Scope"
import { Sim } from "parley-chat/sim"
import { type Arrangement, between, kindOf } from "./Places.js"
import * as Talk from "./Talk.js"

/** Pairs that only guesses at ports bring together: a NAT that hides them, and a filter that insists on them. */
export const GUESSED: ReadonlyArray<Arrangement> = ["symmetric, ports in sequence", "symmetric, random ports"].flatMap(
  (hard) =>
    ["port-restricted", "Linux masquerade", "provider's NAT and a home router"].map((easy) =>
      between(kindOf(hard), kindOf(easy))
    )
)

/** What came of one search. */
export interface Search {
  /** Virtual ms from the moment at which both could talk until both were on a direct path; `undefined`: never. */
  readonly directMs: number | undefined
  /** Packets of both sides meanwhile that no router let in: all but some of those that a search sends. */
  readonly inVain: number
  /** Which way `/why` says to expect, on both sides, in the end. */
  readonly expected: ReadonlyArray<string>
}

/**
 * Two people who say something now and then, over the relay at first. `portGuessing`: whether bob, behind the filter,
 * takes part.
 */
export const search = (where: Arrangement, portGuessing = true): Effect.Effect<Search, unknown, Sim | Scope> =>
  Effect.gen(function* () {
    const sim = yield* Sim
    const talk = yield* Talk.begin(where, { person: (name) => (name === "bob" ? { client: { portGuessing } } : {}) })
    const begun = sim.now()
    const { stats } = sim.world.network
    const before = stats.dropped
    let directMs: number | undefined
    for (let said = 0; said < SAID && directMs === undefined; said++) {
      yield* talk.say(said % 2 === 0 ? talk.alice : talk.bob)
      yield* Effect.sleep(EVERY)
      if (talk.way === "direct") directMs = sim.now() - begun
    }
    const inVain = stats.dropped - before
    yield* talk.chat(200, 2_000)
    yield* talk.delivered(10_000)
    const answers = yield* Effect.all([
      talk.alice.call((client) => client.why("bob")),
      talk.bob.call((client) => client.why("alice"))
    ])
    const expected = answers.map((answer) => Either.getOrThrow(answer!).expected)
    return { directMs: talk.way === "direct" ? directMs : undefined, inVain, expected }
  })

/**
 * Two who were brought together by guesses talk for longer than keys last, are silent for longer than a NAT remembers
 * anything that is not kept alive, and part. Gives their way before that, and how many sockets alice had open: before
 * the search, after it, and when bob had left.
 */
export const last = (where: Arrangement) =>
  Effect.gen(function* () {
    const sim = yield* Sim
    const talk = yield* Talk.begin(where)
    const sockets = () => sim.world.machines.get("alice")!.host.udp.size
    const before = sockets()
    yield* talk.chat(1_000, 30_000)
    yield* talk.arrives("direct", 30_000)
    const meanwhile = sockets()
    yield* talk.chat(5_000, 300_000)
    yield* Effect.sleep("10 minutes")
    const { changes } = talk.watch(talk.alice)
    yield* talk.chat(500, 5_000)
    yield* talk.delivered(1_000)
    const { way } = talk
    yield* talk.bob.leave(talk.alice)
    yield* sim.eventually("all sockets but the first are closed", () => sockets() === before, 60_000)
    return { way, changes, sockets: [before, meanwhile] }
  })

/** What `/why` says to alice of guesses, none of which arrives: each sentence once, in their order. */
export const inVain = (where: Arrangement) =>
  Effect.gen(function* () {
    const sim = yield* Sim
    const talk = yield* Talk.begin(where)
    yield* sim.rule(({ data, protocol }) => (protocol === "udp" && data.length === 1 ? "drop" : "pass"))
    const told = new Set<string>()
    for (let said = 0; said < SAID; said++) {
      yield* talk.say(talk.alice)
      yield* Effect.sleep(EVERY)
      const why = yield* talk.alice.call((client) => client.why("bob"))
      for (const line of Either.getOrThrow(why!).lines) if (line.startsWith("Ports that")) told.add(line)
    }
    return { told: [...told], way: talk.way }
  })

/** Virtual ms between two messages, and how many there are at most. */
const EVERY = 250
const SAID = 120
