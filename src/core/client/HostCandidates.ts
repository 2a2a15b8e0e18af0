import * as Endpoint from "../../domain/Endpoint.js"

/**
 * Host candidates (RFC 8445 §5.1.1): where this machine's own addresses, with our bound ports, may be reached. At most
 * `Endpoint.MAX_CANDIDATES`, best first:
 *
 *  1. loopback, only when the server itself was reached over loopback: then other clients may be on this machine, and
 * otherwise
 *     the address would be somebody else's loopback;
 *  2. private IPv4, which is where two people in one room meet;
 *  3. private IPv6; 4. global IPv4; 5. global IPv6.
 *
 * The kinds take turns, one address each, because ten container bridges must not crowd out the one global address.
 * Addresses of a family without a bound port are left out.
 */
export const select = (
  addresses: ReadonlyArray<HostAddress>,
  ports: { readonly ipv4: number | undefined; readonly ipv6: number | undefined },
  serverOnLoopback: boolean
): ReadonlyArray<Endpoint.Endpoint> => {
  const seen = new Set<string>()
  const ranked: Array<{ readonly endpoint: Endpoint.Endpoint; readonly rank: number; readonly turn: number }> = []
  const ofRank = new Map<number, number>()
  for (const { address, family } of addresses) {
    const port = ports[family]
    const endpoint = port === undefined ? undefined : Endpoint.make(address, port)
    if (endpoint === undefined || seen.has(Endpoint.format(endpoint))) continue
    const rank = rankOf(endpoint, serverOnLoopback)
    if (rank === undefined) continue
    seen.add(Endpoint.format(endpoint))
    const before = ofRank.get(rank) ?? 0
    ofRank.set(rank, before + 1)
    ranked.push({ endpoint, rank, turn: before })
  }
  return ranked
    .sort((left, right) => left.turn - right.turn || left.rank - right.rank)
    .slice(0, Endpoint.MAX_CANDIDATES)
    .map(({ endpoint }) => endpoint)
}

/**
 * Host candidates together with the addresses that lead to us from the internet (a forwarded port, server-reflexive
 * ones), each once and `Endpoint.MAX_CANDIDATES` in all. The latter are few, and where there is a NAT nobody outside
 * gets in without them, so they do not make room for the former.
 */
export const withOuter = (
  hosts: ReadonlyArray<Endpoint.Endpoint>,
  outer: ReadonlyArray<Endpoint.Endpoint>
): ReadonlyArray<Endpoint.Endpoint> => {
  const seen = new Set(hosts.map(Endpoint.format))
  const others = outer
    .filter((endpoint) => {
      const text = Endpoint.format(endpoint)
      return !seen.has(text) && seen.add(text)
    })
    .slice(0, MAX_OUTER)
  return [...hosts.slice(0, Endpoint.MAX_CANDIDATES - others.length), ...others]
}

/** An address of one of this machine's interfaces. */
export interface HostAddress {
  readonly family: Endpoint.Family
  readonly address: string
}

/** The forwarded port, and two reflexive ones of each family. */
const MAX_OUTER = 5

const rankOf = (endpoint: Endpoint.Endpoint, serverOnLoopback: boolean): number | undefined => {
  const v6 = endpoint.family === "ipv6" ? 1 : 0
  switch (Endpoint.scope(endpoint)) {
    case "loopback":
      return serverOnLoopback ? 0 : undefined
    case "private":
      return 1 + v6
    case "global":
      return 3 + v6
    default:
      return undefined
  }
}
