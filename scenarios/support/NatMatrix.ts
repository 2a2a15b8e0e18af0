import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { make } from "../../src/domain/Endpoint.js"
import { type Dependency, make as makeNat, type NatConfig, type PortAssignment } from "../../src/sim/network/Nat.js"
import { run } from "../../src/sim/Run.js"
import { Sim } from "../../src/sim/Sim.js"
import { punch, rendezvous } from "./Punch.js"

const dependencies = ["endpoint-independent", "address-dependent", "address-and-port-dependent"] as const
const assignments = ["preserve", "sequential", "random"] as const satisfies ReadonlyArray<PortAssignment>

/** Every mapping with every filtering and every way to choose ports: 27 kinds of device. */
export const kinds: ReadonlyArray<NatConfig> = dependencies.flatMap((mapping) =>
  dependencies.flatMap((filtering) => assignments.map((ports) => makeNat(mapping, filtering, { ports })))
)

/** All 378 unordered pairs of kinds, each kind with itself included. */
export const pairs: ReadonlyArray<readonly [NatConfig, NatConfig]> = kinds.flatMap((a, i) =>
  kinds.slice(i).map((b) => [a, b] as const)
)

/** Whether two peers behind such devices can meet, from the definitions of RFC 4787 alone. */
export const theory = (a: NatConfig, b: NatConfig): boolean => {
  const pinned = (nat: NatConfig) => nat.mapping === "endpoint-independent"
  /** A probe from `x` to the reflexive endpoint of `y` gets in. */
  const delivers = (x: NatConfig, y: NatConfig) => {
    const admits: Record<Dependency, boolean> = {
      "endpoint-independent": true,
      "address-dependent": pinned(y),
      "address-and-port-dependent": pinned(y) && pinned(x)
    }
    return admits[y.filtering]
  }
  /** The answer to such a probe gets back to `x`. */
  const answers = (x: NatConfig, y: NatConfig) => pinned(y) || x.filtering !== "address-and-port-dependent"
  return (delivers(a, b) && answers(a, b)) || (delivers(b, a) && answers(b, a))
}

export interface Attempt {
  readonly seed: number
  readonly predict?: number
  readonly loss?: number
}

/** Whether the two peers met. */
export const attempt = async (a: NatConfig, b: NatConfig, options: Attempt): Promise<boolean> => {
  const { seed, predict = 0, loss = 0.05 } = options
  const scenario = Effect.gen(function* () {
    const sim = yield* Sim
    let open = 0
    yield* sim.host("rendezvous", { ipv4: SERVER.address }, rendezvous)
    const peer = (name: string, nat: NatConfig) =>
      sim.host(name, { nat }, punch({ name, server: SERVER, giveUpMs: 4000, predict, onOpen: () => open++ }))
    yield* peer("a", a)
    yield* peer("b", b)
    yield* Effect.sleep("5 seconds")
    return open === 2
  })
  const link = { latencyMs: 25, jitterMs: 40, loss }
  const { exit } = await run({ seed, link, order: seed % 2 === 0 ? "fifo" : "random" }, scenario)
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  return exit.value
}

const SERVER = make("203.0.113.1", 3478)!
