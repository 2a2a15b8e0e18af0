import type { FaultKind } from "../../src/sim/faults/Fault.js"
import { describe, type Plan } from "../../src/sim/faults/Plan.js"
import { draw } from "../../src/sim/faults/Swarm.js"
import { Rng } from "../../src/sim/kernel/Rng.js"
import * as Nat from "../../src/sim/network/Nat.js"
import type { WorldOptions } from "../../src/sim/World.js"

export type Name = "alice" | "bob"

export const NAMES: ReadonlyArray<Name> = ["alice", "bob"]

export const peerOf = (name: Name): Name => (name === "alice" ? "bob" : "alice")

/** One thing that a person does with the other one. */
export interface Deed {
  readonly atMs: number
  readonly who: Name
  readonly what: "ask" | "say" | "leave"
  /** Of what is said, in characters beside its mark. */
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
  /** The router that bob is behind, if any. */
  readonly nat: Nat.NatConfig | undefined
  readonly deeds: ReadonlyArray<Deed>
  readonly faults: Plan
  readonly outages: ReadonlyArray<Outage>
}

/** Virtual ms of trouble; then everything must come right. */
export const TROUBLE_MS = 20_000

export const write = (seed: number): Script => {
  const rng = new Rng(seed).fork("script")
  const nat = rng.pick([undefined, Nat.portRestricted, Nat.symmetric])
  const deeds: Array<Deed> = []
  for (const who of NAMES) {
    const plan = (what: Deed["what"], from: number, length = 0) =>
      deeds.push({ atMs: rng.between(from, TROUBLE_MS), who, what, length })
    deeds.push({ atMs: rng.between(100, 4_000), who, what: "ask", length: 0 })
    for (let left = rng.below(3); left > 0; left--) plan("ask", 4_000)
    if (rng.chance(0.15)) plan("leave", 4_000)
    for (let left = rng.between(4, MOST_LINES); left > 0; left--)
      plan("say", 1_000, rng.chance(0.1) ? rng.between(1_000, LONG_TEXT) : rng.below(SHORT_TEXT))
  }
  const outages: Array<Outage> = []
  for (let atMs = rng.below(12_000); atMs < TROUBLE_MS; ) {
    const forMs = rng.between(10, 6_000)
    outages.push({ atMs, forMs, how: rng.pick(["crash", "kill", "stop"] as const) })
    atMs += forMs + rng.between(2_000, 12_000)
  }
  const faults = draw(
    rng.fork("faults"),
    { withinMs: TROUBLE_MS, kinds: KINDS },
    { hosts: ["server", ...NAMES], routers: nat === undefined ? [] : ["bob/router"] }
  )
  return {
    world: {
      seed,
      link: { latencyMs: rng.between(1, 120), jitterMs: rng.between(0, 60), loss: rng.below(80) / 1000 },
      order: seed % 2 === 0 ? "fifo" : "random"
    },
    nat,
    deeds: deeds.sort((a, b) => a.atMs - b.atMs),
    faults,
    outages
  }
}

/** What a seed means, for whoever looks into a failure. */
export const tell = ({ deeds, faults, nat, outages, world }: Script): string =>
  [
    `links ${JSON.stringify(world.link)}, bob ${nat === undefined ? "on the Internet" : `behind ${nat.mapping} mapping`}`,
    ...faults.map(describe),
    ...outages.map(({ atMs, forMs, how }) => `the server is gone (${how}) from ${atMs} to ${atMs + forMs} ms`),
    ...deeds.map(({ atMs, length, what, who }) => `${atMs} ms: ${who} ${what}${what === "say" ? ` ${length}` : ""}`)
  ].join("\n")

/** What befalls links and routers; the machines themselves do nothing wrong but for the server's outages. */
const KINDS: ReadonlyArray<FaultKind> = [
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

/** Enough for a loss in most conversations. */
const MOST_LINES = 14
/** Characters: within a packet, and several packets. */
const SHORT_TEXT = 80
const LONG_TEXT = 4_000
