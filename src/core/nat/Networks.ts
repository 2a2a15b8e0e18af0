import * as Endpoint from "../../domain/Endpoint.js"
import { exactly } from "./Behaviour.js"
import { type Expectation, expect as expectOne, type Reachability } from "./Expectation.js"
import { KINDS as NAT_KINDS, type NatKind, reachabilityOf as reachabilityOfNat } from "./NatKind.js"

/**
 * A network in one word for each family of addresses, because what two machines can do depends on a family that both
 * have. `absent`: the machine has no address of that family. `forwarded`: a port is open for everybody, whatever the
 * NAT does otherwise.
 */
export type Networks = { readonly [F in Endpoint.Family]: FamilyKind }

export type FamilyKind = (typeof KINDS)[number]

/** For the record NETWORK: the number of a kind is its place in this list. */
export const KINDS = [...NAT_KINDS, "absent", "forwarded"] as const

export const FAMILIES = ["ipv4", "ipv6"] as const satisfies ReadonlyArray<Endpoint.Family>

export const UNKNOWN: Networks = { ipv4: "unknown", ipv6: "unknown" }

export const numberOf = (kind: FamilyKind): number => KINDS.indexOf(kind)

/** A kind that only a later version knows is `unknown`. */
export const kindOf = (number: number): FamilyKind => KINDS[number] ?? "unknown"

/**
 * Networks in one word: that of the family that is easier to reach, of those that are known. It is all that a handshake
 * tells.
 */
export const oneWord = (networks: Networks): NatKind => {
  const kinds = FAMILIES.map((family) => (networks[family] === "forwarded" ? "easy" : networks[family]))
  return EASIEST_FIRST.find((kind) => kinds.includes(kind)) ?? "unknown"
}

/** What is known of the networks of somebody who has told one word. */
const ofOneWord = (kind: NatKind): Networks => ({
  ipv4: kind === "none" ? "unknown" : kind,
  ipv6: kind === "blocked" ? kind : "unknown"
})

/**
 * What is known of the networks of somebody of whom a server has told these addresses, and nobody anything else: two
 * outer ports of one address are those of a hard NAT, and no outer address is one where the server is reached by TCP
 * alone. `own`: ours, as whoever asked in vain itself knows nothing of others.
 */
const ofCandidates = (candidates: ReadonlyArray<Endpoint.Endpoint>, own: Networks): Networks => {
  if (candidates.length === 0) return UNKNOWN
  const ipv4 = candidates.filter(({ family }) => family === "ipv4")
  const outer = ipv4.filter((endpoint) => Endpoint.scope(endpoint) === "global")
  const isHard = outer.some((one) => outer.some(({ address, port }) => address === one.address && port !== one.port))
  const isBlocked = outer.length === 0 && MEASURED.includes(own.ipv4)
  const hasIpv6 = candidates.some((endpoint) => endpoint.family === "ipv6" && Endpoint.scope(endpoint) === "global")
  return {
    ipv4: ipv4.length === 0 ? "absent" : isHard ? "hard" : isBlocked ? "blocked" : "unknown",
    ipv6: hasIpv6 ? "none" : "absent"
  }
}

const MEASURED: ReadonlyArray<FamilyKind> = ["none", "easy", "hard", "forwarded"]

/** What is known of a peer's networks by one word of its own, or else by the addresses that the server told of it. */
export const toldOf = (word: NatKind, candidates: ReadonlyArray<Endpoint.Endpoint>, own: Networks): Networks =>
  word === "unknown" ? ofCandidates(candidates, own) : ofOneWord(word)

/** The families in which two can meet at all, as far as it is known. */
export const common = (own: Networks, peer: Networks): ReadonlyArray<Endpoint.Family> =>
  FAMILIES.filter((family) => own[family] !== "absent" && peer[family] !== "absent")

/** Which way two such networks take by theory: the best of the families that both have. */
export const expect = (own: Networks, peer: Networks): Expectation => {
  const each = common(own, peer).map((family) => expectOne(reachabilityOf(own[family]), reachabilityOf(peer[family])))
  return each.includes("direct") ? "direct" : each.includes("either") ? "either" : "relay"
}

const reachabilityOf = (kind: FamilyKind): Reachability => {
  if (kind === "absent") return reachabilityOfNat("blocked")
  if (kind !== "forwarded") return reachabilityOfNat(kind)
  return { udp: true, mapping: exactly("endpoint-independent"), filtering: exactly("endpoint-independent") }
}

const EASIEST_FIRST = ["none", "easy", "hard", "blocked"] as const satisfies ReadonlyArray<NatKind>
