import * as Endpoint from "../../domain/Endpoint.js"
import { type Dependency, exactly, type Range } from "./Behaviour.js"
import type { Reachability } from "./Expectation.js"

/**
 * What this machine's network does to UDP of one address family, in the terms of RFC 4787. Plain data: it may go out as
 * JSON.
 */
export interface NatReport {
  readonly family: Endpoint.Family
  /** Whether any server answered over UDP. Without that nothing below is known. */
  readonly udp: boolean
  /** Whether the first server, the one we register with, answered over UDP. */
  readonly server: boolean
  /** Our endpoint as the internet sees it. */
  readonly mapped: Endpoint.Endpoint | undefined
  /** Whether that differs from our own endpoint: there is a NAT. */
  readonly translated: boolean | undefined
  /** Whether the NAT kept our port number. */
  readonly portPreserved: boolean | undefined
  readonly mapping: Range
  /** By how much the NAT counts ports up from one destination to the next; `undefined` where it does not seem to. */
  readonly portStep?: number | undefined
  readonly filtering: Range
  /** Whether two programs behind this NAT reach each other through their outer endpoints; `undefined` without a NAT. */
  readonly hairpin: boolean | undefined
  /** Round trip in ms to the first server, from a request that was not repeated. */
  readonly rttMs: number | undefined
}

export const reachabilityOf = (report: NatReport): Reachability => ({
  udp: report.udp,
  mapping: report.mapping,
  filtering: report.filtering
})

/** Whether somebody on the internet was asked: whoever is nearer sees nothing of the NAT in between. */
export const isOutside = ({ mapped }: NatReport): boolean => mapped === undefined || Endpoint.scope(mapped) === "global"

/** The report in sentences for people who know nothing of NATs, one line each. `advise` says what to do about it. */
export const describe = (report: NatReport): ReadonlyArray<string> => {
  const name = FAMILY[report.family]
  if (!report.udp) {
    return [`${name}: nothing answers over UDP. A firewall blocks it, or there is no ${name} here.`]
  }
  if (!isOutside(report))
    return [
      `${name}: who answered is on this machine or its own network, and sees this program at ${Endpoint.format(report.mapped!)}: that says nothing of how the internet sees it.`
    ]
  const lines = [addressLine(name, report), mappingLine(report), filteringLine(report)]
  if (!report.server) lines.push("The rendezvous server itself does not answer over UDP; other servers do.")
  if (report.hairpin !== undefined) lines.push(report.hairpin ? HAIRPIN : NO_HAIRPIN)
  return lines
}

/**
 * The one change that helps most; `undefined` where every peer that has UDP is reached directly already, or nothing is
 * known. `hasIpv6`: whether peers with IPv6 are reached over that anyhow.
 */
export const advise = ({ filtering, mapping, translated, udp }: NatReport, hasIpv6 = false): string | undefined => {
  if (!udp)
    return hasIpv6
      ? "To talk directly to people without IPv6 too: let this network's firewall pass UDP over IPv4."
      : "To talk directly to anybody: let this network's firewall pass UDP."
  const ipv6 = hasIpv6 ? "let the others use IPv6 too, as this machine does" : "use IPv6 on both sides"
  if (mapping.best !== "endpoint-independent") {
    return `To reach everybody directly: turn off 'symmetric' NAT on the router if it can, forward a UDP port to this machine, or ${ipv6}.`
  }
  if (translated === false && filtering.best === "address-and-port-dependent") {
    return "To be reached directly by peers behind symmetric NATs too: let the firewall accept UDP for this program."
  }
  if (filtering.best === "address-and-port-dependent") {
    return `To be reached directly by peers behind symmetric NATs too: forward a UDP port to this machine, or ${ipv6}.`
  }
  return undefined
}

const FAMILY = { ipv4: "IPv4", ipv6: "IPv6" } as const

const addressLine = (name: string, { mapped, portPreserved, rttMs, translated }: NatReport): string => {
  const seen = mapped === undefined ? "at an unknown address" : `as ${Endpoint.format(mapped)}`
  const trip = rttMs === undefined ? "" : ` Round trip to the server: ${Math.round(rttMs)} ms.`
  if (translated === undefined) return `${name}: the internet sees this program ${seen}.${trip}`
  if (!translated) return `${name}: the internet sees this program ${seen}, its own address: there is no NAT.${trip}`
  const port =
    portPreserved === undefined ? "" : portPreserved ? " It keeps port numbers." : " It changes port numbers."
  return `${name}: a NAT lets the internet see this program ${seen}.${port}${trip}`
}

const mappingLine = ({ mapping, portStep, translated }: NatReport): string => {
  if (translated === false) return "Mapping: none, so every peer finds this program at that address."
  if (portStep !== undefined)
    return `Each peer sees another port (a symmetric NAT), and ports count up by ${portStep}: the next one can only be guessed, so direct conversations depend on the other side. (Mapping, RFC 4787: ${range(mapping)}.)`
  return `${MAPPING[certainty(mapping)]} (Mapping, RFC 4787: ${range(mapping)}.)`
}

const filteringLine = ({ filtering }: NatReport): string =>
  `${FILTERING[certainty(filtering)]} (Filtering, RFC 4787: ${range(filtering)}.)`

const certainty = ({ best, worst }: Range): Dependency | "unsure" => (best === worst ? best : "unsure")

const range = ({ best, worst }: Range): string => {
  if (best === worst) return best
  return best === "endpoint-independent" && worst === "address-and-port-dependent" ? "not known" : `${best} or ${worst}`
}

const MAPPING: Record<Dependency | "unsure", string> = {
  "endpoint-independent": "All peers see the same port: good for direct conversations.",
  "address-dependent": "Each peer's address sees another port: direct conversations depend on the other side.",
  "address-and-port-dependent":
    "Each peer sees another port, which nobody can know in advance (a symmetric NAT): direct conversations depend on the other side.",
  unsure:
    "As far as one server can tell, peers see the same port, which is good for direct conversations; a second server (--stun) would make sure."
}

const FILTERING: Record<Dependency | "unsure", string> = {
  "endpoint-independent": "Anyone may send to a port that is open.",
  "address-dependent": "Only addresses that were sent to may answer.",
  "address-and-port-dependent": "Only the very endpoints that were sent to may answer.",
  unsure: "It takes a server that can answer from a second address and port to know who may send to an open port."
}

const HAIRPIN = "Two programs behind this NAT reach each other through its outer address (hairpinning works)."
const NO_HAIRPIN =
  "Two programs behind this NAT do not reach each other through its outer address (no hairpinning): they need the local network, or a relay."

/** A machine without a NAT has, in these terms, a mapping that depends on nothing. */
export const NO_TRANSLATION: Range = exactly("endpoint-independent")
