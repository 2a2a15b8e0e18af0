import type { Policy } from "../../src/core/peer/path/Policy.js"
import type { FaultKind } from "../../src/sim/faults/Fault.js"
import { describe, type Plan } from "../../src/sim/faults/Plan.js"
import { draw } from "../../src/sim/faults/Swarm.js"
import { Rng } from "../../src/sim/kernel/Rng.js"
import * as Nat from "../../src/sim/network/Nat.js"
import type { WorldOptions } from "../../src/sim/World.js"

/** Somebody who takes part. */
export interface Person {
  readonly name: string
  /** The router that the machine is behind, if any; `home`: it is that of the first person. */
  readonly nat?: Nat.NatConfig | "home"
  /** ms that each message is looked at. */
  readonly readingMs?: number
  /** ms that the disk takes to flush. */
  readonly flushMs?: number
  readonly path?: Policy
  /** Whether ports are guessed. */
  readonly guesses?: boolean
}

/** One thing that a person does, with another one where that is needed. */
export interface Deed {
  readonly atMs: number
  readonly who: string
  /** `gather`, `join`, `tell` and `depart` are about the group, which the first person makes of all. */
  readonly what: "ask" | "say" | "leave" | "quit" | "gather" | "join" | "tell" | "depart"
  readonly to: string
  /** Of what is said, in characters beside its mark; how many ms somebody who quits is away. */
  readonly length: number
}

/** The server is away: after a loss of power, a kill, or a stop in order. */
export interface Outage {
  readonly atMs: number
  readonly forMs: number
  readonly how: "crash" | "kill" | "stop"
}

/** All that a seed decides: the network, what goes wrong in it and when, what people do, the outages of the server. */
export interface Script {
  readonly world: WorldOptions
  readonly people: ReadonlyArray<Person>
  /** Virtual ms of trouble; then everything must come right. */
  readonly troubleMs: number
  /**
   * Virtual ms in which links to the server that died unseen are noticed, where there may be such: a router that starts
   * anew forgets them, and says nothing.
   */
  readonly patienceMs: number
  /**
   * Virtual ms in which nothing happens before everybody says one thing more. Where both ends of a conversation have
   * lost their ways in the last moment, it takes some until they notice.
   */
  readonly idleMs: number
  readonly deeds: ReadonlyArray<Deed>
  readonly faults: Plan
  readonly outages: ReadonlyArray<Outage>
  /** How a failure is seen again. */
  readonly replay: string
}

/**
 * Two people on a bad network, one of them behind a router or not, for 20 s. Their machines do nothing wrong, but the
 * server comes and goes.
 */
export const write = (seed: number): Script => {
  const rng = new Rng(seed).fork("script")
  const nat = rng.pick([undefined, Nat.portRestricted, Nat.symmetric])
  const people: ReadonlyArray<Person> = [{ name: "alice" }, { name: "bob", ...(nat === undefined ? {} : { nat }) }]
  const deeds: Array<Deed> = []
  for (const { name: who } of people) {
    const to = who === "alice" ? "bob" : "alice"
    const plan = (what: Deed["what"], from: number, length = 0) =>
      deeds.push({ atMs: rng.between(from, SHORT_TROUBLE), who, what, to, length })
    deeds.push({ atMs: rng.between(100, 4_000), who, what: "ask", to, length: 0 })
    for (let left = rng.below(3); left > 0; left--) plan("ask", 4_000)
    if (rng.chance(0.15)) plan("leave", 4_000)
    for (let left = rng.between(4, MOST_LINES); left > 0; left--) plan("say", 1_000, lengthOf(rng))
  }
  const outages = outagesOf(rng, SHORT_TROUBLE, 12_000)
  const population = { hosts: ["server", "alice", "bob"], routers: nat === undefined ? [] : ["bob/router"] }
  const faults = draw(rng.fork("faults"), { withinMs: SHORT_TROUBLE, kinds: OF_LINKS }, population)
  return {
    world: worldOf(rng, seed),
    people,
    troubleMs: SHORT_TROUBLE,
    patienceMs: faults.some(({ fault }) => fault.kind === "nat-reboot") ? LINK_PATIENCE : 0,
    idleMs: 0,
    deeds: inOrder(deeds),
    faults,
    outages,
    replay: `PARLEY_SIM_FIRST=${seed} npx vitest run test/sim/client -t network`
  }
}

/**
 * Two to four people for 60 s: all kinds of routers, two people behind one of them or not, disks that are slow, people
 * who read slowly, take the relay alone, guess ports, talk in bursts, quit and come back. Whatever is known to befall
 * links, routers and machines does, and the server comes and goes, too.
 */
export const writeTown = (seed: number): Script => {
  const rng = new Rng(seed).fork("town")
  const names = NAMES.slice(0, rng.between(2, NAMES.length))
  const people = names.map((name, index) => personOf(rng.fork(name), name, index))
  const deeds: Array<Deed> = []
  for (const who of names) {
    const others = names.filter((other) => other !== who)
    const plan = (what: Deed["what"], from: number, length = 0, to = rng.pick(others)) =>
      deeds.push({ atMs: rng.between(from, LONG_TROUBLE), who, what, to, length })
    for (const to of others) if (rng.chance(0.8)) plan("ask", 100, 0, to)
    for (let left = rng.below(6); left > 0; left--) plan("ask", 4_000)
    for (let left = rng.below(2); left > 0; left--) plan("leave", 4_000)
    if (rng.chance(0.3)) plan("quit", 2_000, magnitude(rng, 1, 4))
    for (let left = rng.between(4, 2 * MOST_LINES); left > 0; left--) plan("say", 1_000, lengthOf(rng))
    for (let left = rng.below(3); left > 0; left--) {
      plan("say", 1_000, lengthOf(rng))
      const first = deeds.at(-1)!
      for (let more = rng.between(2, BURST); more > 0; more--) deeds.push({ ...first, length: lengthOf(rng) })
    }
  }
  const isClub = rng.chance(0.5)
  const routers = people.flatMap(({ name, nat }) => (nat === undefined || nat === "home" ? [] : [`${name}/router`]))
  const hosts = ["server", ...names]
  const plans = [
    draw(rng.fork("faults"), { withinMs: LONG_TROUBLE, kinds: [...OF_LINKS, ...OF_ALL] }, { hosts, routers }),
    draw(rng.fork("machines"), { withinMs: LONG_TROUBLE, kinds: OF_PEOPLE, most: 2 }, { hosts: names, routers }),
    late(rng)
  ]
  const faults = plans.flat().map((planned, id) => ({ ...planned, id }))
  return {
    world: worldOf(rng, seed),
    people,
    troubleMs: LONG_TROUBLE,
    patienceMs: LINK_PATIENCE,
    idleMs: rng.fork("idle").chance(0.25) ? IDLE : PATH_PATIENCE,
    // Whoever leaves a conversation with somebody of the same group has not left the group.
    deeds: inOrder(isClub ? [...deeds.filter(({ what }) => what !== "leave"), ...club(rng, names)] : deeds),
    faults: inOrder(faults),
    outages: rng.chance(0.5) ? outagesOf(rng, LONG_TROUBLE, 60_000) : [],
    replay: `PARLEY_SIM_FIRST=${seed} npx vitest run test/sim/client -t town`
  }
}

/** Whether the server's process never stands still. */
export const isPunctual = ({ faults }: Script): boolean =>
  !faults.some(({ fault }) => fault.kind === "pause" && fault.host === "server")

/** What a seed means, for whoever looks into a failure. */
export const tell = ({ deeds, faults, outages, people, world }: Script): string =>
  [
    `links ${JSON.stringify(world.link)}, ${world.order}`,
    ...people.map((person) => JSON.stringify(person)),
    ...faults.map(describe),
    ...outages.map(({ atMs, forMs, how }) => `the server is gone (${how}) from ${atMs} to ${atMs + forMs} ms`),
    ...deeds.map(({ atMs, length, to, what, who }) => `${atMs} ms: ${who} ${what} ${to} ${length}`)
  ].join("\n")

const personOf = (rng: Rng, name: string, index: number): Person => {
  const nat = rng.pick(ROUTERS)
  return {
    name,
    // Two devices of one home, with one nickname each.
    ...(index === 1 && rng.chance(0.2) ? { nat: "home" } : nat === undefined ? {} : { nat }),
    readingMs: rng.pick([0, 0, 30]),
    flushMs: rng.pick([0, 2, 2, 40, 400]),
    ...(rng.chance(0.1) ? { path: "relay-only" } : {}),
    guesses: rng.chance(0.3)
  }
}

const worldOf = (rng: Rng, seed: number): WorldOptions => ({
  seed,
  link: { latencyMs: rng.between(1, 120), jitterMs: rng.between(0, 60), loss: rng.below(80) / 1000 },
  order: seed % 2 === 0 ? "fifo" : "random"
})

const outagesOf = (rng: Rng, troubleMs: number, firstMs: number): ReadonlyArray<Outage> => {
  const outages: Array<Outage> = []
  for (let atMs = rng.below(firstMs); atMs < troubleMs; ) {
    const forMs = rng.between(10, 6_000)
    outages.push({ atMs, forMs, how: rng.pick(["crash", "kill", "stop"] as const) })
    atMs += forMs + rng.between(2_000, troubleMs - 8_000)
  }
  return outages
}

/** The first person makes a group of all, which the others join sooner or later, and some leave again. */
const club = (rng: Rng, names: ReadonlyArray<string>): ReadonlyArray<Deed> => {
  const deeds: Array<Deed> = []
  const plan = (who: string, what: Deed["what"], from: number, length = 0) =>
    deeds.push({ atMs: rng.between(from, LONG_TROUBLE), who, what, to: "", length })
  for (let left = rng.between(1, 3); left > 0; left--) plan(names[0]!, "gather", 1_000)
  for (const who of names) {
    for (let left = rng.between(1, 3); left > 0; left--) plan(who, "join", 5_000)
    for (let left = rng.between(2, MOST_LINES); left > 0; left--) plan(who, "tell", 5_000, lengthOf(rng))
    if (rng.chance(0.2)) plan(who, "depart", 10_000)
  }
  return deeds
}

/** Copies that come after up to three minutes, when much has changed. */
const late = (rng: Rng): Plan => {
  if (rng.chance(0.7)) return []
  const ms = magnitude(rng, 3.5, 5.2)
  const fault = { kind: "replay", probability: rng.unit() / 2, ms } as const
  return [{ id: 0, atMs: rng.below(LONG_TROUBLE / 2), forMs: LONG_TROUBLE / 2, fault }]
}

const lengthOf = (rng: Rng): number => (rng.chance(0.1) ? rng.between(1_000, LONG_TEXT) : rng.below(SHORT_TEXT))

/** From 10^low to 10^high, every order of magnitude as likely as the other. */
const magnitude = (rng: Rng, low: number, high: number): number => Math.ceil(10 ** (low + rng.unit() * (high - low)))

const inOrder = <A extends { readonly atMs: number }>(all: ReadonlyArray<A>): ReadonlyArray<A> =>
  [...all].sort((a, b) => a.atMs - b.atMs)

const NAMES = ["alice", "bob", "carol", "dave"]

const ROUTERS: ReadonlyArray<Nat.NatConfig | undefined> = [
  undefined,
  Nat.portRestricted,
  Nat.portRestricted,
  { ...Nat.portRestricted, hairpin: false },
  Nat.fullCone,
  Nat.restricted,
  Nat.linux,
  Nat.symmetric,
  Nat.symmetricSequential,
  Nat.carrierGrade
]

/** What befalls links and routers; the machines themselves do nothing wrong but for the server's outages. */
const OF_LINKS: ReadonlyArray<FaultKind> = [
  "latency",
  "jitter",
  "loss",
  "burst",
  "duplicate",
  "replay",
  "reorder",
  "corrupt",
  "truncate",
  "block",
  "partition",
  "clog",
  "flap",
  "tcp-rechunk",
  "tcp-reset",
  "nat-reboot",
  "nat-expiry"
]

/** What may befall the server's machine, too, and routers besides. */
const OF_ALL: ReadonlyArray<FaultKind> = [
  "bandwidth",
  "queue",
  "mtu",
  "udp-blocked",
  "tcp-blocked",
  "pause",
  "clock-jump",
  "receive-buffer",
  "address-change",
  "offline",
  "nat-renumber",
  "nat-mapping",
  "nat-filtering",
  "nat-ports",
  "nat-tcp-expiry",
  "nat-permission-expiry",
  "nat-exhaustion",
  "nat-no-hairpin"
]

/** The server's outages are drawn apart. */
const OF_PEOPLE: ReadonlyArray<FaultKind> = ["crash", "kill", "disk-slow", "disk-torn", "resolver-down"]

/** Virtual ms of trouble; then everything must come right. */
const SHORT_TROUBLE = 20_000
const LONG_TROUBLE = 60_000
/** 45 s until a client notices that nobody answers any more, 15 s until it tries again. */
const LINK_PATIENCE = 60_000
/** 15 s until a peer that does not answer counts as gone. */
const PATH_PATIENCE = 15_000
/** As long as some routers remember. */
const IDLE = 60_000
/** Enough for a loss in most conversations. */
const MOST_LINES = 14
/** Texts at one instant, besides the first. */
const BURST = 30
/** Characters: within a packet, and several packets. */
const SHORT_TEXT = 80
const LONG_TEXT = 4_000
