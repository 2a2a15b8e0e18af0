import { type ChannelId, channelIdBytes, channelIdOf } from "../../domain/ChannelId.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Bytes from "../../protocol/Bytes.js"
import type * as Control from "../../protocol/Control.js"
import { PacketType } from "../../protocol/DataPacket.js"
import * as Envelope from "../../protocol/RelayEnvelope.js"
import * as Stun from "../../protocol/Stun.js"
import type { NatKind } from "../nat/NatKind.js"
import type { FamilyKind, Networks } from "../nat/Networks.js"
import { MAX_SERVERS, type Reflexive, ReflexiveProbe } from "../nat/ReflexiveProbe.js"
import { meetingPort } from "../nat/ServerPorts.js"
import { MAX_INTRODUCTIONS } from "../peer/PeerTable.js"
import type { Route } from "../peer/Route.js"
import { RelayPort, type Sending } from "./RelayPort.js"

/** A packet of the peer link, and how it came. */
export interface Arrival {
  readonly from: Route
  readonly packet: Uint8Array
}

/**
 * What lies between our UDP sockets and the peers: where the internet sees us (servers are asked over the same
 * sockets), and the server's relay, by datagrams where those get through and else over the control link.
 *
 * Whether they get through shows in the server's answers to our questions (`RelayPort`). A peer that does not answer
 * says nothing, for it may be gone; so the server is asked then, and only when it owes an answer, too, the control link
 * takes over. Envelopes are easily forged, by a peer at least: they say that nothing is wrong with their own channel,
 * and nothing of the others. Either way is the same path to the peer machine.
 *
 * Of a server with several nodes, an introduction may name the node at which both sides meet: then envelopes go there
 * as soon as that port has answered, and otherwise to our own node, which passes them on.
 */
export class RelayTransport {
  readonly #probe: ReflexiveProbe
  readonly #seen = new Map<Endpoint.Family, Reflexive>()
  /**
   * At most `MAX_CHANNELS`, those of no use go first. A channel without its token still has the control link. A
   * lost link is no reason to forget them: the server may not know of it yet, and carries on until it does.
   */
  readonly #channels = new Map<ChannelId, Channel>()
  /** The relay's port; `undefined` while the server has none, or there is no server. */
  #relay: RelayPort | undefined
  /** Ports of other nodes of the server, at which channels meet; at most `MAX_MEETINGS`. */
  #meetings: ReadonlyArray<RelayPort> = []
  #link: Endpoint.Endpoint | undefined
  #servers: ReadonlyArray<Endpoint.Endpoint> = []
  /** The same ports of the server at its address of the other family, once that is known. */
  #twins: ReadonlyArray<Endpoint.Endpoint> = []
  #stun: ReadonlyArray<Endpoint.Endpoint> = []
  /** Answers to the relay's questions whether we are here, ready to go; at most `MAX_ANSWERS`. */
  readonly #answers: Array<{ readonly to: Endpoint.Endpoint; readonly data: Uint8Array }> = []

  constructor(random: (length: number) => Uint8Array) {
    this.#probe = new ReflexiveProbe({ servers: [], random })
  }

  /** A server at the other end of this link has greeted, with its UDP ports of one family; the first is the relay's. */
  greeted(ports: ReadonlyArray<Endpoint.Endpoint>, link: Endpoint.Endpoint, now: number): void {
    this.#servers = ports
    this.#link = link
    const [relay] = ports
    if (relay === undefined) this.#relay = undefined
    else if (this.#relay?.isAt(relay) !== true) this.#relay = new RelayPort(relay)
    this.#relay?.renew()
    this.#ask(now)
  }

  /** The server has these ports in the other family: they are asked as well. */
  alsoAt(twins: ReadonlyArray<Endpoint.Endpoint>, now: number): void {
    if (twins.map(Endpoint.format).join() === this.#twins.map(Endpoint.format).join()) return
    this.#twins = twins
    this.#ask(now)
  }

  /** Further STUN servers, to be asked after the server's own ports. */
  setStun(servers: ReadonlyArray<Endpoint.Endpoint>, now: number): void {
    this.#stun = servers
    this.#ask(now)
  }

  /** The server's port that says how it sees us, in this family. */
  reflector(family: Endpoint.Family): Endpoint.Endpoint | undefined {
    return [...this.#servers, ...this.#twins].find((port) => port.family === family)
  }

  start(now: number): void {
    this.#probe.start(now)
  }

  stop(): void {
    this.#probe.stop()
  }

  /** Our own addresses are other ones: what is known of the way out is out of date. */
  networkChanged(now: number): void {
    for (const port of this.#ports()) port.forget()
    this.#probe.networkChanged(now)
  }

  /**
   * The token (base64url) that goes with this channel's datagrams, and where both sides bring them if not each to its
   * own server. Those of channels that are of no use go first.
   */
  remember(channel: ChannelId, relay: RelayOffer, isUsed: (channel: ChannelId) => boolean, now: number): void {
    const token = Bytes.fromBase64Url(relay.token)
    if (token?.length !== Envelope.TOKEN_BYTES) return
    const { meeting: before } = this.#channels.get(channel) ?? {}
    this.#channels.delete(channel)
    const port = this.#meetingAt(relay.at ?? [], isUsed, now)
    const meeting = port && (before?.port === port ? before : { port, sentAt: undefined })
    this.#channels.set(channel, { token, own: { sentAt: undefined }, meeting })
    if (this.#channels.size <= MAX_CHANNELS) return
    for (const known of this.#channels.keys()) if (known !== channel && !isUsed(known)) this.#channels.delete(known)
  }

  /** The datagram that carries this packet to the relay; `undefined` when the control link is the better way. */
  envelope(
    channel: ChannelId,
    packet: Uint8Array,
    now: number
  ): { readonly to: Endpoint.Endpoint; readonly data: Uint8Array } | undefined {
    const known = this.#channels.get(channel)
    if (known === undefined) return undefined
    const ask = (port: Endpoint.Endpoint) => this.#probe.check(port, now)
    const { meeting, own } = known
    let port = meeting?.port.mayTake(meeting, now, ask) === true ? meeting.port : undefined
    if (port === undefined && this.#relay?.mayTake(own, now, ask) === true) port = this.#relay
    if (port === undefined) return undefined
    return { to: port.endpoint, data: Envelope.toServer(channelIdBytes(channel), known.token, packet) }
  }

  /** Whether our server's port owes us an answer for too long: once each time. */
  pollSilence(now: number): boolean {
    return this.#relay?.pollSilence(now) === true
  }

  /** What a datagram brings for the peer machine; `undefined` when it was for us. */
  handleDatagram(from: Endpoint.Endpoint, data: Uint8Array, now: number): Arrival | undefined {
    if (Stun.isStun(data)) {
      if (this.#probe.handleDatagram(from, data, now)) this.#portAt(from)?.answered(now)
      return undefined
    }
    if (data[0] !== PacketType.relay) return { from: { _tag: "Direct", endpoint: from }, packet: data }
    const port = this.#portAt(from)
    const envelope = port && Envelope.readFromServer(data)
    if (envelope === undefined) return undefined
    const channel = channelIdOf(envelope.channel)
    const known = this.#channels.get(channel)
    if (known !== undefined) {
      const { meeting, own } = known
      if (port === this.#relay) own.sentAt = undefined
      if (meeting !== undefined && port === meeting.port) meeting.sentAt = undefined
    }
    if (!Envelope.isProof(envelope.packet)) return { from: { _tag: "Relay", channel }, packet: envelope.packet }
    if (known !== undefined) this.#answer(known, envelope, from)
    return undefined
  }

  handleTimeout(now: number): void {
    this.#probe.handleTimeout(now)
  }

  pollTransmit(now: number): { readonly to: Endpoint.Endpoint; readonly data: Uint8Array } | undefined {
    return this.#answers.shift() ?? this.#probe.pollTransmit(now)
  }

  pollTimeout(): number | undefined {
    return this.#probe.pollTimeout()
  }

  /** Something changed in how the internet sees us; `moved` when it was somewhere else before. */
  pollChange(): { readonly moved: boolean } | undefined {
    const event = this.#probe.pollEvent()
    if (event === undefined) return undefined
    this.#seen.set(event.family, event)
    return { moved: event.moved }
  }

  /** Server-reflexive candidates (RFC 8445 §5.1.1.2), at most two of each family. */
  get candidates(): ReadonlyArray<Endpoint.Endpoint> {
    return [...this.#seen.values()].flatMap(({ candidates }) => candidates)
  }

  /**
   * Our networks in one word for each family. `own` are our endpoints without any NAT, `isForwarded` says that the
   * router has opened our IPv4 port.
   */
  networks(own: ReadonlyArray<Endpoint.Endpoint>, isForwarded: boolean): Networks {
    const mine = new Set(own.map(Endpoint.format))
    const kind = (family: Endpoint.Family): FamilyKind => {
      const seen = this.#seen.get(family)
      const here = own.filter((endpoint) => endpoint.family === family)
      if (here.length === 0) return "absent"
      if (seen === undefined) return "unknown"
      return kindOf(seen, mine)
    }
    const ipv6 = own.some((endpoint) => endpoint.family === "ipv6" && Endpoint.scope(endpoint) === "global")
    return {
      ipv4: isForwarded ? "forwarded" : kind("ipv4"),
      // Nobody translates IPv6, so an address of the internet is known to be one though no server could be asked.
      ipv6: !ipv6 ? "absent" : this.#seen.has("ipv6") ? kind("ipv6") : "none"
    }
  }

  #ask(now: number): void {
    const servers = [...this.#servers, ...this.#twins, ...this.#stun].slice(0, MAX_SERVERS - MAX_MEETINGS)
    this.#probe.setServers([...servers, ...this.#meetings.map(({ endpoint }) => endpoint)], now)
  }

  /** The port of these where we meet others; those that no channel in use meets at go first. */
  #meetingAt(at: ReadonlyArray<string>, isUsed: (channel: ChannelId) => boolean, now: number): RelayPort | undefined {
    const endpoint = meetingPort(at, this.#link)
    if (endpoint === undefined || this.#relay?.isAt(endpoint) === true) return undefined
    const known = this.#meetings.find((port) => port.isAt(endpoint))
    if (known !== undefined) return known
    const channels = [...this.#channels]
    const inUse = this.#meetings.filter((port) =>
      channels.some(([channel, { meeting }]) => meeting?.port === port && isUsed(channel))
    )
    if (inUse.length >= MAX_MEETINGS) return undefined
    const port = new RelayPort(endpoint)
    this.#meetings = [...inUse, port]
    this.#ask(now)
    return port
  }

  #ports(): ReadonlyArray<RelayPort> {
    return this.#relay === undefined ? this.#meetings : [this.#relay, ...this.#meetings]
  }

  #portAt(from: Endpoint.Endpoint): RelayPort | undefined {
    return this.#ports().find((port) => port.isAt(from))
  }

  /** The relay sends us what peers say by datagrams only once we have returned what it asks us with. */
  #answer({ token }: Channel, { channel, packet }: Envelope.Envelope, to: Endpoint.Endpoint): void {
    if (Envelope.readProof(packet) === undefined || this.#answers.length >= MAX_ANSWERS) return
    this.#answers.push({ to, data: Envelope.toServer(channel, token, packet) })
  }
}

/** As many as the peer machine keeps, and one that it is about to be told of. */
const MAX_CHANNELS = MAX_INTRODUCTIONS + 1

/** Answers that wait to be sent, which they are after each burst of datagrams. */
const MAX_ANSWERS = 64

/**
 * Other nodes at which we meet somebody; each costs two packets in 20 s. Beyond that our own server's passes packets on
 * to them.
 */
const MAX_MEETINGS = 4

/** A channel that the relay carries packets on. */
interface Channel {
  readonly token: Uint8Array
  /** By our own server's port. */
  readonly own: Sending
  /** By the port of the node at which both sides meet, if that is another one. */
  readonly meeting: (Sending & { readonly port: RelayPort }) | undefined
}

/** As an introduction brings it. */
type RelayOffer = NonNullable<(typeof Control.Incoming.Type)["relay"]>

const kindOf = ({ candidates, mapping }: Reflexive, own: ReadonlySet<string>): NatKind => {
  if (candidates.length === 0) return "blocked"
  if (candidates.some((candidate) => own.has(Endpoint.format(candidate)))) return "none"
  if (mapping.best !== "endpoint-independent") return "hard"
  return mapping.worst === "address-and-port-dependent" ? "unknown" : "easy"
}
