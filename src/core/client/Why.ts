import * as Schema from "effect/Schema"
import type { Family } from "../../domain/Endpoint.js"
import { Expectation } from "../nat/Expectation.js"
import { KINDS as NAT_KINDS } from "../nat/NatKind.js"
import * as Networks from "../nat/Networks.js"
import { PROBE_SCHEDULE } from "../peer/path/Path.js"
import { PathReason } from "../peer/path/PathHistory.js"
import { POLICIES } from "../peer/path/Policy.js"
import { type ConnectionReport, PathReport, type PeerReport } from "../peer/path/Report.js"
import { PathInfo } from "../peer/Route.js"
import { type KeyInfo, keyFields } from "./KeyInfo.js"
import type { Guesses } from "./PortGuessing.js"
import * as ServerWays from "./ServerWays.js"

const FamilyKind = Schema.Literal(...Networks.KINDS)
/** Our network and the peer's in one family of addresses. */
const BothOfFamily = Schema.Struct({ own: FamilyKind, peer: FamilyKind })

/**
 * How a peer is reached and why not otherwise. Everything but `nick` and addresses is our own wording.
 *
 * @since 0.1.0
 */
export const Why = Schema.Struct({
  nick: Schema.String,
  ...keyFields,
  policy: Schema.Literal(...POLICIES),
  /** The path in use; `undefined` when there is no connection. */
  path: Schema.optional(PathInfo),
  /** Our network and the peer's, as far as their programs know. */
  networks: Schema.Struct({
    own: Schema.Literal(...NAT_KINDS),
    peer: Schema.Literal(...NAT_KINDS),
    ipv4: BothOfFamily,
    ipv6: BothOfFamily
  }),
  /** What theory says of two such networks; `none`: there is no way, as they need a relay and the server has none. */
  expected: Schema.Literal(...Expectation.literals, "none"),
  relayOffered: Schema.Boolean,
  /** All ways that are known, the relay among them. */
  candidates: Schema.Array(PathReport),
  /** Oldest first. `path` is `undefined` where the connection ended. */
  changes: Schema.Array(
    Schema.Struct({
      msAgo: Schema.Number,
      path: Schema.optional(PathInfo),
      reason: Schema.Literal(...PathReason.literals, "ended")
    })
  ),
  /** Packets that had to arrive, and those of them that were sent again. */
  sent: Schema.Int,
  lost: Schema.Int,
  /** The same for people who know nothing of networks. */
  lines: Schema.Array(Schema.String),
  /** The one change that would make it direct, when there is one to be had. */
  advice: Schema.optional(Schema.String)
})
/** @since 0.1.0 */
export type Why = typeof Why.Type

/**
 * `now` is of the same clock as the report; `relayName` is what people know the relay by, `via` how the server is
 * reached, where that is not as the user said, `insteadOf` the server that the user would rather have, and `guesses`
 * what guessing our ports has come to.
 */
export const explain = (
  who: KeyInfo & { readonly nick: string },
  report: PeerReport,
  relayName: string,
  now: number,
  { guesses, insteadOf, via }: Circumstances = {}
): Why => {
  const { nick } = who
  const { changes, connection, own, peer, policy, relayOffered } = report
  const candidates = (connection?.paths ?? []).map((path) => ({ ...path, ...named(path, relayName) }))
  const active = candidates.find((path) => path.active)
  const moves = changes.map(({ at, path, reason }) => ({
    msAgo: Math.max(0, now - at),
    path: path && named(path, relayName),
    reason
  }))
  const isDirect = active !== undefined && active.kind !== "relay"
  const advice = isDirect ? undefined : adviceFor(nick, report, candidates)
  const lines = [
    activeLine(nick, active),
    ...(isDirect
      ? []
      : [reasonLine(nick, report, candidates), ...guessLines(nick, guesses), ...relayLines(nick, report)]),
    ...candidates.map(candidateLine),
    ...narrowLines(active),
    ...lossLines(connection),
    ...(insteadOf === undefined ? [] : [`${ServerWays.instead(relayName, insteadOf)}.`]),
    ...(via === undefined ? [] : [`${ServerWays.describe(relayName, via)}.`]),
    ...moves.slice(-SHOWN_CHANGES).map(({ msAgo, path, reason }) => `${ago(msAgo)}: ${changeText(path, reason)}`)
  ]
  return {
    ...who,
    policy,
    path: active && { kind: active.kind, address: active.address, rttMs: active.rttMs },
    networks: {
      own: Networks.oneWord(own),
      peer: Networks.oneWord(peer),
      ipv4: { own: own.ipv4, peer: peer.ipv4 },
      ipv6: { own: own.ipv6, peer: peer.ipv6 }
    },
    expected: expectedOf(report, candidates),
    relayOffered,
    candidates,
    changes: moves,
    sent: connection?.sent ?? 0,
    lost: connection?.lost ?? 0,
    lines,
    advice
  }
}

interface Circumstances {
  readonly via?: ServerWays.Via | undefined
  readonly insteadOf?: string | undefined
  readonly guesses?: Guesses | undefined
}

/** A channel means nothing to anybody: people know the relay by `relayName`. */
export const named = (path: PathInfo, relayName: string): PathInfo =>
  path.kind === "relay" ? { ...path, address: relayName } : path

/** The last changes; the rest is in the data. */
const SHOWN_CHANGES = 5

const activeLine = (nick: string, active: PathReport | undefined): string => {
  if (active === undefined) return `${nick} is not connected now.`
  const time = `${Math.max(1, Math.round(active.rttMs))} ms there and back`
  switch (active.kind) {
    case "lan":
      return `${nick} is reached directly at ${active.address}, an address of the local network or of this machine; ${time}.`
    case "direct":
      return `${nick} is reached directly at ${active.address}, with no server in between; ${time}.`
    case "relay":
      return `${nick} is reached through the relay of the server ${active.address}, which cannot read what you write; ${time}.`
  }
}

/** Two behind one address that does not lead back inside have no way to each other but a relay. */
const expectedOf = (report: PeerReport, candidates: ReadonlyArray<PathReport>): Why["expected"] => {
  if (candidates.some(({ active, kind, trusted }) => kind !== "relay" && (active || trusted))) return "direct"
  const { own, peer } = report
  const theory = isWithoutHairpin(report, candidates) ? "relay" : Networks.expect(own, peer)
  return theory === "relay" && !mayBeRelayed(report) ? "none" : theory
}

/** Whether there is a relay, and we use it. */
const mayBeRelayed = ({ policy, relayOffered }: PeerReport): boolean => relayOffered && policy !== "direct-only"

/** Both have addresses, and no family that the other has, too. */
const isWithoutFamily = ({ own, peer }: PeerReport): boolean =>
  Networks.common(own, peer).length === 0 &&
  [own, peer].every(({ ipv4, ipv6 }) => ipv4 !== "absent" || ipv6 !== "absent")

/** A whole series of probes went to the address that both have, and nothing came back. */
const isWithoutHairpin = ({ own, peer, sharedAddress }: PeerReport, candidates: ReadonlyArray<PathReport>): boolean =>
  sharedAddress !== undefined &&
  !Networks.common(own, peer).includes("ipv6") &&
  candidates.some(({ address, probes }) => probes >= SERIES && address.startsWith(`${sharedAddress}:`))

/** Probes of a series: fewer say little. */
const SERIES = PROBE_SCHEDULE.length

const reasonLine = (nick: string, report: PeerReport, candidates: ReadonlyArray<PathReport>): string => {
  const { connected, own, policy, relayOffered, sharedAddress } = report
  if (policy === "relay-only") {
    return relayOffered
      ? `You want the relay only, so that ${nick} does not learn your address.`
      : "You want the relay only, and this server has none."
  }
  if (isWithoutFamily(report)) {
    const [mine, theirs] = own.ipv4 === "absent" ? ["IPv6", "IPv4"] : ["IPv4", "IPv6"]
    return `You have ${mine} alone and ${nick} has ${theirs} alone, and neither can send to the other directly.`
  }
  if (!connected && mayBeRelayed(report)) return `${nick} did not answer yet, not even through the relay.`
  const culprit = culpritOf(report)
  if (culprit === "bothBlocked")
    return `Your network lets no UDP through, nor does that of ${nick}, or else the server's own lets none; direct conversations need it.`
  if (culprit === "ownBlocked") return "Your network lets no UDP through, and direct conversations need it."
  if (culprit === "peerBlocked") return `The network of ${nick} lets no UDP through, and direct conversations need it.`
  if (isWithoutHairpin(report, candidates))
    return `The internet sees you and ${nick} at the same address, ${sharedAddress}, and what is in between (a provider's NAT, or one router) does not lead packets for it back inside.`
  if (culprit === "bothHard")
    return `Your router and that of ${nick} both show a new port to everybody they talk to, so neither can be told where to send.`
  if (culprit === "ownHard")
    return `Your router shows a new port to everybody, and the network of ${nick}, as most do, lets in only those that were sent to.`
  if (culprit === "peerHard")
    return `The router of ${nick} shows a new port to everybody, and your network, as most do, lets in only those that were sent to.`
  return silenceLine(nick, report, candidates)
}

/** Nothing is known to stand in the way. */
const silenceLine = (nick: string, report: PeerReport, candidates: ReadonlyArray<PathReport>): string => {
  const { connected, known, own, peer } = report
  const tried = candidates.filter((path) => path.kind !== "relay")
  const count = connected ? tried.length : known
  if (count === 0) return `${nick} has told no address to try, and may want the relay only.`
  const [addresses, they] = count === 1 ? ["The address", "it is"] : ["The addresses", "they are"]
  if (!connected) return `${addresses} of ${nick} did not answer yet.`
  if (tried.some(({ probes }) => probes < SERIES) || Networks.expect(own, peer) !== "direct")
    return `${addresses} of ${nick} did not answer yet; ${they} tried again every minute of talk.`
  return `${addresses} of ${nick} did not answer yet, though by what is known of both networks something should: a firewall may be in between, or a router that shows each address another port; ${they} tried again every minute of talk.`
}

const guessLines = (nick: string, guesses: Guesses | undefined): ReadonlyArray<string> => {
  if (guesses === undefined) return []
  const ports = `Ports that your router may show to ${nick}`
  return guesses === "running"
    ? [`${ports} are being guessed, which finds a direct way within some seconds as a rule.`]
    : [`${ports} were guessed in vain; others are tried half an hour later, while you talk.`]
}

const relayLines = (nick: string, { connection, policy, relayOffered }: PeerReport): ReadonlyArray<string> => {
  if (policy === "direct-only") return [`You want direct paths only, so ${nick} is reached directly or not at all.`]
  return relayOffered || policy === "relay-only" || connection?.paths.some(({ kind }) => kind === "relay") === true
    ? []
    : [`This server has no relay, so ${nick} is reached directly or not at all.`]
}

/** Whose network stands in the way, in the family that leads farthest; `undefined`: neither does by theory. */
const culpritOf = ({
  own,
  peer
}: PeerReport): "ownBlocked" | "peerBlocked" | "bothBlocked" | "ownHard" | "peerHard" | "bothHard" | undefined => {
  const families = Networks.common(own, peer)
  const isUsable = (family: Family) => own[family] !== "blocked" && peer[family] !== "blocked"
  if (families.length === 0) return undefined
  const usable = families.filter(isUsable)
  if (usable.length === 0) {
    const [isOwn, isPeers] = [own, peer].map((networks) => families.every((family) => networks[family] === "blocked"))
    return isOwn ? (isPeers ? "bothBlocked" : "ownBlocked") : "peerBlocked"
  }
  if (usable.some((family) => own[family] !== "hard" && peer[family] !== "hard")) return undefined
  const family = usable[0]!
  // A port that is open for everybody is open for a hard network, too.
  if (own[family] === "forwarded" || peer[family] === "forwarded") return undefined
  if (own[family] === "hard") return peer[family] === "hard" ? "bothHard" : "ownHard"
  return "peerHard"
}

/** What `expect` promises to make it direct, seen from us first: the own network is easier to change. */
const adviceFor = (nick: string, report: PeerReport, candidates: ReadonlyArray<PathReport>): string | undefined => {
  const { connected, policy, relayOffered } = report
  if (!connected && policy === "direct-only" && relayOffered) return `allow the relay: /path ${nick} prefer-direct`
  if (policy === "relay-only") return `allow direct paths: /path ${nick} prefer-direct`
  if (isWithoutFamily(report)) return "use a network that has both IPv4 and IPv6, on either side"
  // Nothing is wrong with the way.
  if (!connected && mayBeRelayed(report)) return undefined
  const culprit = culpritOf(report)
  if (culprit === "bothBlocked")
    return "let this program send and receive UDP, on both sides, or ask whoever runs the server to let it through"
  if (culprit === "ownBlocked") return "let this program send and receive UDP: ask whoever runs your firewall"
  if (culprit === "peerBlocked")
    return `${nick} needs a network that lets UDP through: another Wi-Fi, or a mobile phone's`
  if (isWithoutHairpin(report, candidates)) return "share a local network, the same Wi-Fi for instance, or use IPv6"
  if (culprit === "ownHard" || culprit === "bothHard") {
    return 'let your router keep one port for a program ("full cone" or "endpoint-independent" NAT), or use IPv6, or another network'
  }
  if (culprit === "peerHard") {
    return `${nick} needs a router that keeps one port for a program ("full cone" NAT), or IPv6, or another network`
  }
  if (connected && candidates.every((path) => path.kind === "relay")) return `ask ${nick} to allow direct paths`
  return "run `parley doctor` on both sides: it shows what the networks do"
}

const SOURCES: Readonly<Record<PathReport["source"], string>> = {
  server: "told by the server",
  peer: "told by the peer",
  seen: "seen in what it sent"
}

const candidateLine = (path: PathReport): string => {
  const outcome =
    path.provenMsAgo === undefined
      ? `${path.probes} ${path.probes === 1 ? "try" : "tries"}, no answer`
      : `answered ${ago(path.provenMsAgo)}, ${Math.max(1, Math.round(path.rttMs))} ms`
  const what = path.kind === "relay" ? `the relay at ${path.address}` : `${path.address}, ${SOURCES[path.source]}`
  return `${path.active ? "in use" : "known"}: ${what}: ${outcome}`
}

const narrowLines = (active: PathReport | undefined): ReadonlyArray<string> =>
  active?.narrow === true
    ? [`Packets of more than ${active.packetBytes} bytes do not come through on this way, so smaller ones are sent.`]
    : []

const lossLines = (connection: ConnectionReport | undefined): ReadonlyArray<string> =>
  connection === undefined || connection.lost === 0
    ? []
    : [`${connection.lost} of ${connection.sent} packets were lost on the way and sent again.`]

const changeText = (path: PathInfo | undefined, reason: PathReason | "ended"): string => {
  if (path === undefined) return "the connection ended"
  const where = path.kind === "relay" ? "through the relay" : `directly to ${path.address}`
  return `${where}, ${REASONS[reason]}`
}

const REASONS: Readonly<Record<PathReason | "ended", string>> = {
  first: "the first way that worked",
  better: "because it answered and is better",
  failed: "because the way before did not answer any more",
  moved: "because the peer came from there",
  policy: "because you wanted it so",
  ended: ""
}

const ago = (ms: number): string => {
  const seconds = Math.round(ms / 1000)
  if (seconds < 1) return "just now"
  if (seconds < 90) return `${seconds} s ago`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`
}
