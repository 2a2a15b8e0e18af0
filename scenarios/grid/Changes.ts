import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { type Fault, Nat, Sim, type SimHost } from "parley-chat/sim"
import { type Arrangement, between, type Kind, kindOf, type Way } from "./Places.js"
import * as Talk from "./Talk.js"

/** Something that takes the path away from under a conversation. */
export interface Change {
  readonly name: string
  readonly where: Arrangement
  /** On which path the conversation must go on; any, when left out. */
  readonly goesOn?: Way
  readonly happen: (sim: Sim["Type"], server: SimHost) => Effect.Effect<unknown>
}

const open = kindOf("open")
const home = kindOf("port-restricted")
const hard = kindOf("symmetric, random ports")
/** A router that gives out other ports after a restart. */
const moody: Kind = {
  ...home,
  name: "port-restricted, random ports",
  place: () => Effect.succeed({ nat: { ...Nat.portRestricted, ports: "random" } })
}

export const CHANGES: ReadonlyArray<Change> = [
  fault("router restarts", home, home, { kind: "nat-reboot", router: "alice/router" }, "direct"),
  fault("router restarts with other ports", moody, moody, { kind: "nat-reboot", router: "alice/router" }),
  fault("router gets another address", home, home, { kind: "nat-renumber", router: "alice/router" }),
  fault("machine moves", open, open, { kind: "address-change", host: "alice" }, "direct"),
  fault("machine moves, the peer is behind a router", open, home, { kind: "address-change", host: "alice" }),
  fault("machine moves while relayed", open, kindOf("UDP blocked"), { kind: "address-change", host: "alice" }, "relay"),
  fault("direct path dies", home, home, { kind: "partition", from: "alice", to: "bob" }, "relay"),
  fault("direct path dies one way", home, home, { kind: "block", from: "alice", to: "bob" }, "relay"),
  fault("UDP to the relay dies", hard, hard, { kind: "udp-blocked", from: "alice", to: "server" }, "relay"),
  {
    name: "relay dies while direct",
    where: between(home, home),
    goesOn: "direct",
    happen: (_, server) => server.crash
  }
]

export interface Outcome {
  /** The longest that any message took from being said to being shown, in virtual ms. */
  readonly slowestMs: number
  readonly messages: number
  /** Where both were in the end. */
  readonly way: Way | undefined
}

/**
 * Two people who both say something each `EVERY` ms while something happens to their path. Every message is delivered,
 * once and in order, or the run fails.
 */
export const undergo = ({ happen, where }: Change): Effect.Effect<Outcome, unknown, Sim | Scope> =>
  Effect.gen(function* () {
    const sim = yield* Sim
    const talk = yield* Talk.begin(where)
    const chat = yield* Effect.fork(talk.chat(EVERY, BEFORE + AFTER))
    // Somewhere between two messages, and between two heartbeats.
    yield* Effect.sleep(BEFORE + sim.world.kernel.rng.fork("test").unit() * SPREAD)
    yield* happen(sim, talk.town.server)
    yield* chat
    yield* talk.delivered(30_000)
    return { slowestMs: talk.slowestMs, messages: talk.town.ledger.stats.shown, way: talk.way }
  })

function fault(name: string, a: Kind, b: Kind, what: Fault, goesOn?: Way): Change {
  return { name, where: between(a, b), happen: (sim) => sim.begin(what), ...(goesOn && { goesOn }) }
}

/**
 * The same for what is said after the change alone, by one of them: the first message comes right after it, and finds a
 * program that nobody has told. Gives the longest that any message took, in virtual ms.
 */
export const speakAfter = (
  { happen, where }: Change,
  speaker: "alice" | "bob"
): Effect.Effect<number, unknown, Sim | Scope> =>
  Effect.gen(function* () {
    const sim = yield* Sim
    const talk = yield* Talk.begin(where)
    yield* talk.chat(EVERY, BEFORE)
    yield* Effect.sleep(sim.world.kernel.rng.fork("test").unit() * SPREAD)
    yield* happen(sim, talk.town.server)
    yield* Effect.repeatN(Effect.delay(talk.say(talk[speaker]), EVERY), SPREAD / EVERY)
    yield* talk.delivered(30_000)
    return talk.slowestMs
  })

/** Virtual ms between two messages of a side: two people who type at the same time, and fast. */
const EVERY = 200
const BEFORE = 2_000
/** Two heartbeats. */
const SPREAD = 6_000
const AFTER = 30_000
