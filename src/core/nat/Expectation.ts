import * as Schema from "effect/Schema"
import { type Dependency, exactly, members, type Range } from "./Behaviour.js"

/** What decides whether two machines on different networks can talk without a relay. */
export interface Reachability {
  /** Whether UDP leaves and enters this network at all. */
  readonly udp: boolean
  readonly mapping: Range
  readonly filtering: Range
}

/** `either`: the measurements leave both possible. */
export const Expectation = Schema.Literal("direct", "relay", "either")
export type Expectation = typeof Expectation.Type

/**
 * Which way a conversation between two networks takes, by theory (docs/protocol.md, the table of routes): relayed when
 * UDP is blocked, when both mappings depend on the peer, or when one does and the other side's filter insists on the
 * port. The order of the two does not matter. Two machines on the *same* network talk over it, so their NAT does not
 * matter either.
 */
export const expect = (left: Reachability, right: Reachability): Expectation => {
  if (!left.udp || !right.udp) return "relay"
  const outcomes = new Set<boolean>()
  for (const a of possibilities(left))
    for (const b of possibilities(right)) outcomes.add(reaches(a, b) || reaches(b, a))
  return outcomes.size > 1 ? "either" : outcomes.has(true) ? "direct" : "relay"
}

/** Between these two theory knows the relay alone, and ports are guessed. */
export const PORT_RESTRICTED = "port-restricted NAT (most home routers) or stateful firewall"
export const SYMMETRIC = "symmetric NAT (many companies and mobile networks)"

/** The networks that people meet, from the easiest to the hardest. */
export const KINDS: ReadonlyArray<{ readonly name: string; readonly reachability: Reachability }> = [
  kind("no NAT, nothing filtered", "endpoint-independent", "endpoint-independent"),
  kind("full-cone NAT", "endpoint-independent", "endpoint-independent"),
  kind("address-restricted NAT", "endpoint-independent", "address-dependent"),
  kind(PORT_RESTRICTED, "endpoint-independent", "address-and-port-dependent"),
  kind(SYMMETRIC, "address-and-port-dependent", "address-and-port-dependent"),
  {
    name: "UDP blocked",
    reachability: {
      udp: false,
      mapping: exactly("address-and-port-dependent"),
      filtering: exactly("address-and-port-dependent")
    }
  }
]

/** What to expect with a peer on each of `KINDS`, in their order. */
export const table = (own: Reachability): ReadonlyArray<{ readonly peer: string; readonly route: Expectation }> =>
  KINDS.map(({ name, reachability }) => ({ peer: name, route: expect(own, reachability) }))

interface Behaviour {
  readonly mapping: Dependency
  readonly filtering: Dependency
}

const possibilities = ({ mapping, filtering }: Reachability): ReadonlyArray<Behaviour> =>
  members(mapping).flatMap((m) => members(filtering).map((f) => ({ mapping: m, filtering: f })))

/**
 * Whether a packet gets from `from` to the endpoint that servers see of `to`, when both send to what servers see of the
 * other. The endpoint must be the one that `to` sends from as well, and its filter must know the endpoint that the
 * packet comes from. The answer then goes to where the packet came from, along the way that it opened.
 */
const reaches = (from: Behaviour, to: Behaviour): boolean =>
  to.mapping === "endpoint-independent" &&
  (to.filtering !== "address-and-port-dependent" || from.mapping === "endpoint-independent")

function kind(name: string, mapping: Dependency, filtering: Dependency) {
  return { name, reachability: { udp: true, mapping: exactly(mapping), filtering: exactly(filtering) } }
}
