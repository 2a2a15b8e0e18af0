import * as Schema from "effect/Schema"
import * as Endpoint from "../../../domain/Endpoint.js"
import { NEVER } from "../../support/Deadline.js"
import type { PathInfo, Route, Standing } from "../Route.js"
import { GRANULE, RttEstimator } from "../recovery/RttEstimator.js"
import { AMPLIFICATION, costOf, SMALL } from "./AddressBudget.js"
import { INTERNET_SIZES, LAN_SIZES, LOOPBACK_SIZES, PacketSize } from "./PacketSize.js"
import type { RelayAllowance } from "./RelayAllowance.js"

/** How we learned of a path: from the server, from the peer, or by a packet that came from there. */
export const PathSource = Schema.Literal("server", "peer", "seen")
export type PathSource = typeof PathSource.Type

/**
 * One way to reach the peer, and what we know of it. A path is *proven* when a PONG for one of our tokens comes back on
 * it, and is *trusted* for 6.5 s from then on. An address that was never proven may belong to a bystander, and one
 * whose proof has worn out may do so by now: then only as much goes there as `Standing` allows (`AddressBudget`), after
 * a proof a few packets more (`PURSE`). This is not for a relay, which carries packets only to the peer.
 */
export class Path {
  readonly key: string
  readonly kind: PathInfo["kind"]
  readonly #weight: number
  /** Also fed by acknowledgements while the path is the active one. */
  readonly rtt = new RttEstimator()
  /** What may go over a relay, where its server has told so. */
  allowance: RelayAllowance | undefined
  /** How large packets on this path may be. */
  readonly size: PacketSize
  /** When an authentic packet came in on this path last. */
  heardAt = Number.NEGATIVE_INFINITY
  /** When a packet was sent on this path last. */
  sentAt = Number.NEGATIVE_INFINITY
  provenAt = Number.NEGATIVE_INFINITY
  /**
   * Whether trust was withdrawn before its time, because answers are overdue or the peer sends from elsewhere. The next
   * proof restores it.
   */
  #doubted = false
  /** Bytes that may be sent when the last proof has worn out, until there is another one. */
  #purse = 0
  /** Whether it is known from more than packets that say they came from there. */
  isNamed: boolean
  /** Packets, for the user to see. */
  sent = 0
  received = 0
  probes = 0
  answers = 0

  /** When the running series of probes began; `undefined` while none runs. */
  probingSince: number | undefined
  #step = 0
  /** When the last probe was sent. */
  probedAt = Number.NEGATIVE_INFINITY
  /** Unanswered probes, oldest first, at most as many as a series has. */
  readonly #tokens: Array<{ readonly token: string; readonly sentAt: number }> = []

  constructor(
    readonly route: Route,
    readonly source: PathSource = "seen"
  ) {
    this.isNamed = source !== "seen"
    this.key = routeKey(route)
    this.kind = kindOf(route)
    this.#weight = weightOf(route, this.kind)
    this.size = new PacketSize(sizesOf(route, this.kind))
  }

  get isRelay(): boolean {
    return this.route._tag === "Relay"
  }

  /**
   * Whether this path has the same key as `route`, found out without making a key, because this is asked for every
   * packet.
   */
  isAt(route: Route): boolean {
    const own = this.route
    if (own._tag === "Relay") return route._tag === "Relay" && route.channel === own.channel
    if (route._tag === "Relay") return false
    return (
      own.endpoint.port === route.endpoint.port &&
      own.socket === route.socket &&
      own.endpoint.address === route.endpoint.address &&
      own.endpoint.family === route.endpoint.family
    )
  }

  get proven(): boolean {
    return this.provenAt > Number.NEGATIVE_INFINITY
  }

  trusted(now: number): boolean {
    return !this.#doubted && now < this.trustedUntil
  }

  get trustedUntil(): number {
    return this.provenAt + TRUST
  }

  doubt(): void {
    this.#doubted = true
  }

  info(): PathInfo {
    const address = this.route._tag === "Direct" ? Endpoint.format(this.route.endpoint) : this.route.channel
    return { kind: this.kind, address, rttMs: this.rtt.smoothed }
  }

  /** Lower is better: round trip in ms with a bonus for short ways, and any direct path before any relay. */
  cost(): number {
    return (this.rtt.unloaded + LATENCY_FLOOR) * this.#weight
  }

  /** Whether the address is known so well now that nothing that goes there needs to be counted. */
  isFresh(now: number): boolean {
    return this.isRelay || now < this.trustedUntil
  }

  /** What is known of the address, as far as a packet of so many bytes is concerned. */
  standing(bytes: number, now: number): Standing {
    const reserve = bytes <= SMALL ? 0 : FOR_PROBES
    if (this.isFresh(now) || this.#cost(bytes) <= this.#purse - reserve) return "proven"
    return this.isNamed || this.proven ? "named" : "seen"
  }

  /** Bytes that data may have on this path for now; probes may use more. */
  dataRoom(now: number): number {
    return this.isFresh(now) ? NEVER : this.#purse - FOR_PROBES - this.#cost(0)
  }

  /** When a packet with data may leave on this path as far as its relay is concerned, as seen at `now`. */
  readyAt(now: number): number {
    return this.allowance?.readyAt(now) ?? Number.NEGATIVE_INFINITY
  }

  onSent(bytes: number, now: number): void {
    this.sent++
    this.sentAt = now
    this.allowance?.onSent(bytes, now)
    if (!this.isFresh(now)) this.#purse = Math.max(0, this.#purse - this.#cost(bytes))
  }

  onHeard(bytes: number, now: number): void {
    this.received++
    this.heardAt = now
    if (this.proven && !this.isFresh(now)) this.#purse = Math.min(PURSE, this.#purse + AMPLIFICATION * bytes)
  }

  /** Begins a series of probes, unless one runs already. */
  probe(now: number): void {
    if (this.probingSince !== undefined) return
    this.probingSince = now
    this.#step = 0
    this.#tokens.length = 0
  }

  /**
   * The peer was heard on this path, so a probe now is likely to be answered (a triggered check, RFC 8445 §7.3.1.4):
   * the series begins again, whichever step it has come to. Nothing happens for a path that is trusted or needs no
   * proof, nor more often than every `TRIGGER_INTERVAL`.
   */
  trigger(now: number): void {
    const wanted = !this.proven || this.#doubted || this.probingSince !== undefined
    if (!wanted || this.trusted(now) || now < this.probedAt + TRIGGER_INTERVAL) return
    this.probingSince = now
    this.#step = 0
  }

  /** When the next probe of the series is due: as scheduled, but not before the one before could have been answered. */
  get nextProbeAt(): number | undefined {
    if (this.probingSince === undefined) return undefined
    const scheduled = this.probingSince + PROBE_SCHEDULE[this.#step]!
    return this.#step > 0 && this.proven ? Math.max(scheduled, this.probedAt + 1.5 * this.rtt.smoothed) : scheduled
  }

  /** The probe with this token (hexadecimal) was sent. The series ends with its last probe. */
  onProbed(token: string, now: number): void {
    this.#tokens.push({ token, sentAt: now })
    if (this.#tokens.length > PROBE_SCHEDULE.length) this.#tokens.shift()
    this.probes++
    this.probedAt = now
    this.#step++
    if (this.#step === PROBE_SCHEDULE.length) this.probingSince = undefined
  }

  /** The probe that is due may not be sent: it counts as sent, as far as the series is concerned. */
  skipProbe(): void {
    this.#step++
    if (this.#step === PROBE_SCHEDULE.length) this.probingSince = undefined
  }

  #cost(bytes: number): number {
    return this.route._tag === "Relay" ? bytes : costOf(this.route.endpoint, bytes)
  }

  /** A PONG came in on this path. Gives whether it answers one of our probes, and so proves the path. */
  onPong(token: string, now: number): boolean {
    const probe = this.#tokens.find((sent) => sent.token === token)
    if (probe === undefined) return false
    this.rtt.update(Math.max(GRANULE, now - probe.sentAt), 0, now)
    this.answers++
    this.provenAt = now
    this.#purse = PURSE
    this.#doubted = false
    this.probingSince = undefined
    this.#tokens.length = 0
    return true
  }
}

/** Two routes are the same exactly when their keys are. */
export const routeKey = (route: Route): string => {
  if (route._tag === "Relay") return `relay:${route.channel}`
  const address = Endpoint.format(route.endpoint)
  return route.socket === undefined ? address : `${address} by ${route.socket}`
}

const kindOf = (route: Route): PathInfo["kind"] => {
  if (route._tag === "Relay") return "relay"
  return Endpoint.scope(route.endpoint) === "global" ? "direct" : "lan"
}

/** Sizes to try on this path. The envelope of a relay leaves room for no more than the smallest. */
const sizesOf = (route: Route, kind: PathInfo["kind"]): ReadonlyArray<number> => {
  if (route._tag === "Relay") return []
  if (Endpoint.scope(route.endpoint) === "loopback") return LOOPBACK_SIZES
  return kind === "lan" ? LAN_SIZES : INTERNET_SIZES
}

const weightOf = (route: Route, kind: PathInfo["kind"]): number => {
  if (route._tag === "Relay") return RELAY_WEIGHT
  if (Endpoint.scope(route.endpoint) === "loopback") return LOOPBACK_WEIGHT
  return (kind === "lan" ? LAN_WEIGHT : 1) * (route.endpoint.family === "ipv6" ? IPV6_WEIGHT : 1)
}

/**
 * ms from the start of a series to each of its probes. A lost probe costs 50 ms at first, and eight probes are all that
 * a wrong candidate is sent.
 */
export const PROBE_SCHEDULE: ReadonlyArray<number> = [0, 50, 150, 350, 750, 1_500, 3_000, 6_000]
/** ms between two triggered probes: by then the answer to the first one has come, or the path is slow. */
const TRIGGER_INTERVAL = 200
/** ms for which a proof is believed: two heartbeats of 3 s, and some time for the answer. */
const TRUST = 6_500
/**
 * Bytes that may go to an address for each proof when the proof has worn out: a line that is typed after a silence and
 * its repetitions, the next keepalive, new keys.
 */
export const PURSE = 4_096
/** Bytes of these that only small packets may use, so that the next proof can be got: a series of eight probes. */
const FOR_PROBES = 8 * (38 + 48)
/**
 * ms added to each round trip: as much as a busy machine or a radio adds to a single measurement, and less than people
 * notice. Paths that differ by less are told apart by what kind they are, not by chance.
 */
const LATENCY_FLOOR = 50
/** Factor of cost for a relay: no direct path is so slow that a relay should take its place. */
const RELAY_WEIGHT = 1_000
/** Factor of cost for loopback: ahead of the LAN address of the same machine. */
const LOOPBACK_WEIGHT = 0.5
/**
 * Factor of cost for a local network, which takes over from another path unless it is 25 ms slower: nothing outside the
 * house can break it, and no NAT can forget it.
 */
const LAN_WEIGHT = 0.6
/** Factor of cost for IPv6, as if its latency were a tenth less: there is usually no NAT on the way. */
const IPV6_WEIGHT = 0.9
