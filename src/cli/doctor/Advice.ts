import * as ClientClock from "../../core/client/ClientClock.js"
import * as NatReport from "../../core/nat/NatReport.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as ServerName from "../../domain/ServerName.js"
import { type Findings, surroundings } from "./Diagnosis.js"
import { expected } from "./Expected.js"

/** The one change that would help most, as a sentence; `undefined` when there is nothing to improve. */
export const advise = (findings: Findings): string | undefined => {
  const { answer, local, networks, reflector, server, wall } = findings
  if (answer._tag === "Failed") return adviseOnServer(findings, answer.reason)
  // Everything that shows a time is wrong until then.
  if (answer.clockDifferenceMs !== undefined && ClientClock.differ(wall, wall + answer.clockDifferenceMs))
    return "Set the clock that is wrong, this machine's or the server's."
  const silent = reflector.filter(({ reachable }) => !reachable)
  if (networks.some(({ udp }) => udp) && silent.length > 0 && silent.length === reflector.length) {
    const { udp, udpAt } = answer.welcome
    const places = silent.map(({ endpoint }) => Endpoint.format(endpoint)).join(" and ")
    const ports = udpAt === undefined ? `ports ${udp.join(" and ")}` : places
    return `Ask whoever runs ${server.host} to let UDP reach ${ports}: other servers answer, this one does not.`
  }
  const outside = networks.filter(NatReport.isOutside)
  const main = outside.find(({ family }) => family === "ipv4") ?? outside[0]
  if (main !== undefined) return adviseOnNetwork(findings, main)
  if (!local.some(({ loopback }) => !loopback)) return undefined
  if (answer.via?.proxy !== undefined)
    return "Nothing was asked by UDP, as the way to the server is a proxy's: name a server that UDP reaches without it (doctor --stun HOST:PORT) to learn more about this network."
  const why = networks.length > 0 ? "is too near to see this network" : "offers no UDP to measure with"
  return `The server ${why}: name another one (doctor --stun HOST:PORT) to learn more about it.`
}

/** `main`: the network of IPv4, or of IPv6 where that could not be examined. */
const adviseOnNetwork = (findings: Findings, main: NatReport.NatReport): string | undefined => {
  const around = surroundings(findings)
  const { ipv6, typical } = expected(findings.networks.filter(NatReport.isOutside), around)
  if (main.family === "ipv6" && !around.hasIpv4)
    return ipv6
      ? "To talk directly to people without IPv6 too: use a network that has IPv4 as well."
      : NatReport.advise(main)
  if (main.family === "ipv6") return ipv6 ? undefined : NatReport.advise(main)
  if (around.forwarded !== undefined && typical === "direct") return undefined
  return NatReport.advise(main, ipv6)
}

const adviseOnServer = (
  { local, reflector, server, unknownNames }: Findings,
  reason: (Findings["answer"] & { readonly _tag: "Failed" })["reason"]
): string => {
  if (!local.some(({ loopback }) => !loopback)) return "Connect this machine to a network first: it has no address."
  switch (reason) {
    case "HostNotFound":
      return `Check the name ${server.host}, or whether this machine can look names up at all.`
    case "Refused": {
      const answering = reflector.find(({ reachable }) => reachable)
      if (answering !== undefined)
        return (
          `A parley server runs there, as UDP answers at ${Endpoint.format(answering.endpoint)}, but TCP port ` +
          `${server.port} of that address takes no connections: check the port, and let whoever runs it listen on both families (without --host), or forward the TCP port too.`
        )
      return `Check the port (${server.port}), and whether the server is running: the machine is there, and nothing listens.${portal(reflector)}`
    }
    case "NoTls":
      return `Leave --tls out, or ask whoever runs ${server.host} for the port that is encrypted.`
    case "NoParley":
      return `Check the address ${ServerName.shown(server.host, server.port)}: something else seems to listen there.${portal(reflector)}`
    default:
      return unknownNames.includes(server.host)
        ? `Check the name ${server.host}, or whether this machine can look names up at all.`
        : `Check the address, whether the server is running, and whether a firewall here or there blocks TCP port ${server.port}.${portal(reflector)}`
  }
}

/** A Wi-Fi that wants a login answers for everybody over TCP, and lets no UDP through. */
const portal = (reflector: Findings["reflector"]): string =>
  reflector.some(({ endpoint, reachable }) => reachable || Endpoint.scope(endpoint) !== "global") ||
  reflector.length === 0
    ? ""
    : " Or this network wants a login first: open any page in a browser."
