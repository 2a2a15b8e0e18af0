import { exactly } from "../../core/nat/Behaviour.js"
import * as Expectation from "../../core/nat/Expectation.js"
import { type NatReport, reachabilityOf } from "../../core/nat/NatReport.js"
import type { Endpoint } from "../../domain/Endpoint.js"

/** Which way conversations go, by what was measured. */
export interface Expected {
  /** With a peer on each kind of network, over IPv4; empty when nothing is known. */
  readonly routes: ReadonlyArray<{ readonly peer: string; readonly route: Expectation.Expectation }>
  /** With most people, who are behind ordinary home routers, and may have IPv6 or not. */
  readonly typical: Expectation.Expectation | undefined
  /**
   * Whether IPv6 leads directly to every peer that has it too: it knows no NAT, and firewalls let the answers in to a
   * machine that has sent first. Where nobody could be asked over IPv6, an address of the internet counts.
   */
  readonly ipv6: boolean
}

/** What is there besides what was measured of each family. */
export interface Surroundings {
  /** Whether this machine has an address of IPv4, and one of the internet's of IPv6. */
  readonly hasIpv4: boolean
  readonly hasIpv6: boolean
  /** The port that the router opens for everybody, on an address of the internet. */
  readonly forwarded?: Endpoint | undefined
}

/**
 * `networks`: those that somebody on the internet was asked of. The table is that of IPv4: whoever has IPv6 alone
 * reaches nobody by it.
 */
export const expected = (networks: ReadonlyArray<NatReport>, around: Surroundings): Expected => {
  if (networks.length === 0) return { routes: [], typical: undefined, ipv6: false }
  const [ipv4, other] = (["ipv4", "ipv6"] as const).map((one) => networks.find(({ family }) => family === one))
  const ipv6 = other === undefined ? around.hasIpv6 : other.udp && other.translated === false
  const own = ipv4 === undefined ? (around.hasIpv4 ? undefined : NOTHING) : withPort(reachabilityOf(ipv4), around)
  if (own === undefined) return { routes: [], typical: ipv6 ? "either" : undefined, ipv6 }
  const theory = Expectation.expect(likely(own), HOME_ROUTER)
  // Some people have IPv6 and some do not.
  const typical = theory === "relay" && ipv6 ? "either" : theory
  return { routes: Expectation.table(own), typical, ipv6 }
}

/** A port that is open for everybody makes up for all that the NAT does otherwise. */
const withPort = (own: Expectation.Reachability, { forwarded }: Surroundings): Expectation.Reachability =>
  forwarded === undefined ? own : { ...own, mapping: ANY, filtering: ANY }

/**
 * One server with one address cannot tell a mapping that depends on nothing from one that depends on addresses, and
 * next to no NAT has the latter.
 */
const likely = (own: Expectation.Reachability): Expectation.Reachability =>
  own.mapping.best === "endpoint-independent" && own.mapping.worst === "address-dependent"
    ? { ...own, mapping: exactly("endpoint-independent") }
    : own

const ANY = exactly("endpoint-independent")

/** No address of the family is no better than a firewall. */
const NOTHING: Expectation.Reachability = { udp: false, mapping: ANY, filtering: ANY }

/** Linux's masquerading, and with it most boxes that providers hand out. */
const HOME_ROUTER: Expectation.Reachability = {
  udp: true,
  mapping: exactly("endpoint-independent"),
  filtering: exactly("address-and-port-dependent")
}
