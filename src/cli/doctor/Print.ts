import { describe } from "../../core/client/ServerWays.js"
import type { Dependency } from "../../core/nat/Behaviour.js"
import * as Expectation from "../../core/nat/Expectation.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as SafeText from "../../domain/SafeText.js"
import * as ServerName from "../../domain/ServerName.js"
import type { Palette } from "../terminal/Palette.js"
import { wrap } from "../terminal/Wrap.js"
import type { Report } from "./Report.js"

/**
 * The report for people: what works, what this network is like, which way conversations go, and what would help. Rows
 * of at most `columns` cells, where words allow it.
 */
export const print = (report: Report, palette: Palette, columns: number): string => {
  const { host, port } = report.server
  const sections: ReadonlyArray<readonly [title: string, lines: ReadonlyArray<string>]> = [
    [`The server ${ServerName.shown(host, port)}`, serverLines(report, palette)],
    ["Your other servers", (report.others ?? []).map(otherLine(palette))],
    ["This network", networkLines(report)],
    ["What to expect of a conversation", routeLines(report, palette)],
    ["This machine", report.cryptography === undefined ? [] : [`Cryptography: ${SafeText.line(report.cryptography)}`]],
    ["What would help most", [report.advice ?? "Nothing: it could not be better."]]
  ]
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(
      ([title, lines]) =>
        `${palette.bold(title)}\n${lines
          .flatMap((line) => wrap(`  ${line}`, columns))
          .map((row) => `${row}\n`)
          .join("")}`
    )
    .join("\n")
}

const otherLine =
  (palette: Palette) =>
  ({ host, port, problem }: NonNullable<Report["others"]>[number]) =>
    mark(
      palette,
      problem === undefined,
      `${ServerName.shown(host, port)}: ${problem === undefined ? "answers" : SafeText.line(problem)}`
    )

/** Everything that a server has a say in is cleaned here; the rest is ours. */
const serverLines = ({ server, stun, udp, unknownNames }: Report, palette: Palette): ReadonlyArray<string> => {
  const software = server.software === undefined ? "" : `, ${SafeText.line(server.software, MAX_SOFTWARE)}`
  const token = server.tokenRequired === true ? ", demands a token" : ""
  const tcp =
    server.problem === undefined
      ? mark(palette, true, `TCP ${server.address}: answers in ${ms(server.rttMs!)}${software}${token}`)
      : mark(palette, false, `TCP: ${SafeText.line(server.problem)}`)
  const datagrams = (name: string) => (answer: Report["udp"][number]) => {
    const speed = answer.rttMs === undefined ? "answers" : `answers in ${ms(answer.rttMs)}`
    const silence = answer.refused === true ? REFUSED : "no answer"
    const said = mark(palette, answer.reachable, `${name} ${answer.address}: ${answer.reachable ? speed : silence}`)
    return answer.large === false ? [said, mark(palette, false, `${name} ${answer.address}: ${NARROW}`)] : [said]
  }
  return [
    tcp,
    ...viaLines(server, palette),
    ...encryptionLines(server, palette),
    ...(server.clock === undefined ? [] : [mark(palette, false, `Clock: ${server.clock}`)]),
    ...udp.flatMap(datagrams("UDP")),
    ...(server.problem === undefined && udp.length === 0 && server.via?.proxy === undefined
      ? [mark(palette, false, "UDP: this server offers none")]
      : []),
    ...stun.flatMap(datagrams("STUN server")),
    ...unknownNames.map((name) => mark(palette, false, `No address is known for ${SafeText.line(name)}`))
  ]
}

const REFUSED = "refused, by a firewall that says so or because nothing listens there"
const NARROW =
  "packets of 1,200 bytes get lost on the way, so smaller ones are sent, and files are slower; a VPN or a tunnel may be why"

const viaLines = ({ host, port, via }: Report["server"], palette: Palette): ReadonlyArray<string> =>
  via === undefined ? [] : [mark(palette, true, `${describe(ServerName.of(host, port), via)}.`)]

const encryptionLines = (
  { certificateProblem, encryption, key }: Report["server"],
  palette: Palette
): ReadonlyArray<string> => {
  if (encryption === "none") return [mark(palette, false, "The way to it is not encrypted")]
  if (encryption !== "tls") return []
  const why = certificateProblem ?? "an authority vouches for it"
  return [mark(palette, true, `Encrypted with TLS: ${SafeText.line(why)}; its key is ${key}`)]
}

const networkLines = ({ forwarded, local, networks }: Report): ReadonlyArray<string> => {
  const has6 = networks.some(({ family }) => family === "ipv6")
  const own6 = local.some((address) => address.includes(":"))
  return [
    local.length === 0
      ? "This machine has no address: it is on no network."
      : `Its own addresses: ${local.join(", ")}.`,
    ...networks.flatMap(({ explanation }) => explanation),
    ...(forwarded === undefined ? [] : [forwardedLine(forwarded)]),
    ...(networks.length === 0 ? ["Nothing is known of what it does to UDP: nobody answered."] : []),
    ...(has6 ? [] : [own6 ? "IPv6: there is an address, but nobody could be asked over IPv6." : "IPv6: none here."])
  ]
}

const forwardedLine = (forwarded: string): string => {
  const endpoint = Endpoint.parse(forwarded)
  return endpoint !== undefined && Endpoint.scope(endpoint) === "global"
    ? `The router forwards a port to a program that asks (it named ${forwarded}): whoever has UDP reaches this machine.`
    : `The router forwards a port to a program that asks, but its own outside (${forwarded}) is no address of the internet: there is another NAT behind it, and the port helps nobody.`
}

/** Where everybody is reached directly, a relay does not matter. */
const lacksRelay = ({ routes }: Report): boolean => routes.some(({ route }) => route === "none")

const routeLines = (report: Report, { warn }: Palette): ReadonlyArray<string> => {
  const { ipv6, networks, reachable, routes, typical } = report
  if (typical === undefined) return []
  if (routes.length === 0) return [BY_FAMILY]
  const rows = [{ peer: "the same local network", route: "direct" as const }, ...routes]
  const isHard = networks.some(({ family, mapping }) => family === "ipv4" && mapping.best === HARD)
  const guessable = isHard ? Expectation.PORT_RESTRICTED : Expectation.SYMMETRIC
  const width = Math.max(...rows.map(({ peer }) => peer.length))
  return [
    ipv6 && typical === "either" ? BY_FAMILY : TYPICAL[typical === "relay" && isHard ? "guessed" : typical],
    ipv6 ? "With a peer without IPv6 on or behind" : "With a peer on or behind",
    ...rows.map(({ peer, route }) => {
      const isGuessed = route === "relay" && routes[0]!.route === "direct" && peer === guessable
      const way = ROUTES[isGuessed ? "guessed" : route]
      return `  ${peer.padEnd(width)}  ${(route === "relay" && !isGuessed) || route === "none" ? warn(way) : way}`
    }),
    ...(ipv6 ? ["With whoever has IPv6 too: direct, whatever their NAT does."] : []),
    lacksRelay(report)
      ? "This server has no relay: whom you do not reach directly, you do not reach at all."
      : "Direct is fastest. Through the relay works as well and nobody can read along; it needs the server all the time.",
    ...(reachable
      ? []
      : ["All of this needs a server to introduce people to each other, and this one cannot be reached."])
  ]
}

const HARD: Dependency = "address-and-port-dependent"
/** It is not known, or not so, that IPv4 leads directly. */
const BY_FAMILY = "With most people you talk directly if they have IPv6; with others it depends on their network."
const TYPICAL = {
  direct: "With most people you talk directly.",
  relay: "With most people you talk through the relay.",
  guessed:
    "With most people you talk through the relay at first, and directly after some seconds, when ports have been guessed.",
  either: "With most people you talk directly, as far as one server can tell.",
  none: "With most people you cannot talk: it would take a relay, and this server has none."
} as const
const ROUTES = {
  direct: "direct",
  relay: "through the relay",
  guessed: "through the relay at first, then direct as a rule",
  either: "direct or through the relay",
  none: "no way"
} as const

const mark = ({ warn }: Palette, good: boolean, text: string): string => (good ? `ok  ${text}` : warn(`NO  ${text}`))

const ms = (value: number): string => (value < 10 ? `${value} ms` : `${Math.round(value)} ms`)

/** Characters; a server's name is for orientation and must not fill the screen. */
const MAX_SOFTWARE = 60
