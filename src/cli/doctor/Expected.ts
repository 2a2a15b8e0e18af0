import { exactly } from "../../core/nat/Behaviour.js"
import * as Expectation from "../../core/nat/Expectation.js"
import { type NatReport, reachabilityOf } from "../../core/nat/NatReport.js"

/** Which way conversations go, by what was measured. */
export interface Expected {
  /** With a peer on each kind of network; empty when nothing is known. */
  readonly routes: ReadonlyArray<{ readonly peer: string; readonly route: Expectation.Expectation }>
  /** With most people, who are behind ordinary home routers. */
  readonly typical: Expectation.Expectation | undefined
  /**
   * Whether IPv6 leads directly to every peer that has it too: it knows no NAT, and firewalls let the answers in to a
   * machine that has sent first.
   */
  readonly ipv6: boolean
}

/** The table is that of IPv4, which every peer has; of IPv6 only where there is nothing else. */
export const expected = (networks: ReadonlyArray<NatReport>): Expected => {
  const main = networks.find(({ family }) => family === "ipv4") ?? networks[0]
  return {
    routes: main === undefined ? [] : Expectation.table(reachabilityOf(main)),
    typical: main === undefined ? undefined : Expectation.expect(likely(reachabilityOf(main)), HOME_ROUTER),
    ipv6: networks.some(({ family, translated, udp }) => family === "ipv6" && udp && translated === false)
  }
}

/**
 * One server with one address cannot tell a mapping that depends on nothing from one that depends on addresses, and
 * next to no NAT has the latter.
 */
const likely = (own: Expectation.Reachability): Expectation.Reachability =>
  own.mapping.best === "endpoint-independent" && own.mapping.worst === "address-dependent"
    ? { ...own, mapping: exactly("endpoint-independent") }
    : own

/** Linux's masquerading, and with it most boxes that providers hand out. */
const HOME_ROUTER: Expectation.Reachability = {
  udp: true,
  mapping: exactly("endpoint-independent"),
  filtering: exactly("address-and-port-dependent")
}
