import * as Effect from "effect/Effect"
import { type HostOptions, Nat, type Router, Sim } from "parley-chat/sim"
import { exactly } from "../../src/core/nat/Behaviour.js"
import { expect, type Reachability } from "../../src/core/nat/Expectation.js"

export type Way = "direct" | "lan" | "relay"

/** Two machines and what lies between them and the internet. */
export interface Arrangement {
  readonly name: string
  /** Which way a conversation must take in the end, by theory. */
  readonly theory: Way
  /** Builds the routers and firewalls, and says where the machines called `alice` and `bob` go. */
  readonly place: Effect.Effect<readonly [alice: HostOptions, bob: HostOptions], never, Sim>
}

/** A kind of network that a machine is on. */
export interface Kind {
  readonly name: string
  /** For the head of a column. */
  readonly short: string
  /** What theory has to know, for each family that the machine has. */
  readonly ipv4?: Reachability
  readonly ipv6?: Reachability
  readonly place: (host: string) => Effect.Effect<HostOptions, never, Sim>
}

/** The kinds of network that people meet, the easy ones first. */
export const KINDS: ReadonlyArray<Kind> = [
  { name: "open", short: "open", ipv4: udp("endpoint-independent"), place: () => Effect.succeed({}) },
  behind("full cone", "cone", Nat.fullCone),
  behind("address-restricted", "addr", Nat.restricted),
  behind("port-restricted", "port", Nat.portRestricted),
  // Its mapping depends on the peer only once two mappings want the same port.
  { ...behind("Linux masquerade", "linux", Nat.linux), ipv4: udp("address-and-port-dependent") },
  {
    name: "provider's NAT and a home router",
    short: "cgnat",
    ipv4: udp("address-and-port-dependent"),
    place: (host) => Effect.map(provider(host), (carrier) => ({ nat: carrier }))
  },
  {
    ...behind("port-restricted, and IPv6 behind a firewall", "port+v6", Nat.portRestricted),
    ipv6: udp("address-and-port-dependent"),
    place: () => Effect.succeed({ nat: Nat.portRestricted, ipv6: "auto" })
  },
  behind("symmetric, ports in sequence", "sym+1", Nat.symmetricSequential),
  behind("symmetric, random ports", "sym", Nat.symmetric),
  {
    ...behind("symmetric, and IPv6 behind a firewall", "sym+v6", Nat.symmetric),
    ipv6: udp("address-and-port-dependent"),
    place: () => Effect.succeed({ nat: Nat.symmetric, ipv6: "auto" })
  },
  {
    name: "IPv6 alone, behind a firewall",
    short: "v6",
    ipv6: udp("address-and-port-dependent"),
    place: () => Effect.succeed({ nat: Nat.portRestricted, ipv4: "none", ipv6: "auto" })
  },
  { name: "UDP blocked", short: "no udp", place: (host) => Effect.as(blocksUdp(host), {}) }
]

export const kindOf = (name: string): Kind => KINDS.find((each) => each.name === name)!

/** Every kind with every kind, itself included. */
export const PAIRS: ReadonlyArray<Arrangement> = KINDS.flatMap((a, at) => KINDS.slice(at).map((b) => between(a, b)))

/** Machines that share a network, or a provider. */
export const NEIGHBOURS: ReadonlyArray<Arrangement> = [
  sameRouter("port-restricted, with hairpin", Nat.portRestricted),
  sameRouter("port-restricted, without hairpin", { ...Nat.portRestricted, hairpin: false }),
  sameRouter("symmetric, with hairpin", Nat.symmetric),
  sameRouter("symmetric, without hairpin", { ...Nat.symmetric, hairpin: false }),
  {
    name: "same LAN, no UDP beyond it",
    theory: "lan",
    place: Effect.gen(function* () {
      const nat = yield* (yield* Sim).router("home", Nat.portRestricted)
      yield* (yield* Sim).begin({ kind: "udp-blocked", from: ["alice", "bob"], to: "server" })
      return [{ nat }, { nat }] as const
    })
  },
  sameProvider("same provider, with hairpin", "direct", Nat.carrierGrade),
  sameProvider("same provider, without hairpin", "relay", { ...Nat.carrierGrade, hairpin: false })
]

export function between(a: Kind, b: Kind): Arrangement {
  return {
    name: `${a.name} with ${b.name}`,
    theory: route(a, b),
    place: Effect.zip(a.place("alice"), b.place("bob"))
  }
}

/** By theory, for machines on different networks: direct if the two can meet in any family that both have. */
function route(a: Kind, b: Kind): Way {
  const families = ["ipv4", "ipv6"] as const
  const direct = families.some((family) => {
    const [left, right] = [a[family], b[family]]
    return left !== undefined && right !== undefined && expect(left, right) === "direct"
  })
  return direct ? "direct" : "relay"
}

function behind(name: string, short: string, nat: Nat.NatConfig): Kind {
  const ipv4 = { udp: true, mapping: exactly(nat.mapping), filtering: exactly(nat.filtering) }
  return { name, short, ipv4, place: () => Effect.succeed({ nat }) }
}

/** A mapping that is the same for everybody, and this filter. */
function udp(filtering: Parameters<typeof exactly>[0]): Reachability {
  return { udp: true, mapping: exactly("endpoint-independent"), filtering: exactly(filtering) }
}

function provider(host: string, carrier?: Router) {
  return Effect.gen(function* () {
    const sim = yield* Sim
    const outer = carrier ?? (yield* sim.router(`${host}/carrier`, Nat.carrierGrade, { prefix: "100.64.0." }))
    return yield* sim.router(`${host}/home`, Nat.portRestricted, { behind: outer })
  })
}

function blocksUdp(host: string) {
  return Effect.flatMap(Sim, (sim) => sim.begin({ kind: "udp-blocked", from: host }))
}

function sameRouter(what: string, config: Nat.NatConfig): Arrangement {
  return {
    name: `same LAN, ${what}`,
    theory: "lan",
    place: Effect.map(
      Effect.flatMap(Sim, (sim) => sim.router("home", config)),
      (nat) => [{ nat }, { nat }] as const
    )
  }
}

function sameProvider(name: string, theory: Way, config: Nat.NatConfig): Arrangement {
  return {
    name,
    theory,
    place: Effect.gen(function* () {
      const carrier = yield* (yield* Sim).router("carrier", config, { prefix: "100.64.0." })
      return [{ nat: yield* provider("alice", carrier) }, { nat: yield* provider("bob", carrier) }] as const
    })
  }
}
