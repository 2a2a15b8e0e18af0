import { type ChannelId, channelIdBytes, channelIdOf } from "../../domain/ChannelId.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Bytes from "../../protocol/Bytes.js"
import { PacketType } from "../../protocol/DataPacket.js"
import * as Envelope from "../../protocol/RelayEnvelope.js"
import * as Stun from "../../protocol/Stun.js"
import type { NatKind } from "../nat/NatKind.js"
import type { FamilyKind, Networks } from "../nat/Networks.js"
import { type Reflexive, ReflexiveProbe } from "../nat/ReflexiveProbe.js"
import { MAX_INTRODUCTIONS } from "../peer/PeerTable.js"
import type { Route } from "../peer/Route.js"

/** A packet of the peer link, and how it came. */
export interface Arrival {
  readonly from: Route
  readonly packet: Uint8Array
}

/**
 * What lies between our UDP sockets and the peers: where the internet sees us (servers are asked over the same
 * sockets), and the server's relay, by datagrams where those get through and else over the control link.
 *
 * Whether they get through shows in the server's answers to our questions, which nobody can make up who does not see
 * them. While one came lately, datagrams are used. A peer that does not answer says nothing, for it may be gone; so the
 * server is asked then, and only when it owes an answer, too, the control link takes over. Envelopes are easily forged,
 * by a peer at least: they say that nothing is wrong with their own channel, and nothing of the others. Either way is
 * the same path to the peer machine.
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
  #relay: Endpoint.Endpoint | undefined
  #servers: ReadonlyArray<Endpoint.Endpoint> = []
  /** The same ports of the server at its address of the other family, once that is known. */
  #twins: ReadonlyArray<Endpoint.Endpoint> = []
  #stun: ReadonlyArray<Endpoint.Endpoint> = []
  /** When the relay's port answered a question last. */
  #heardAt = Number.NEGATIVE_INFINITY
  /** When the server was asked whether it gets our datagrams; `undefined` once it has answered. */
  #askedAt: number | undefined
  #lastAskedAt = Number.NEGATIVE_INFINITY
  /** Whether it has just turned out that the relay's port does not answer. */
  #isNewlySilent = false
  /** Answers to the relay's questions whether we are here, ready to go; at most `MAX_ANSWERS`. */
  readonly #answers: Array<Uint8Array> = []

  constructor(random: (length: number) => Uint8Array) {
    this.#probe = new ReflexiveProbe({ servers: [], random })
  }

  /** A server on this address has greeted, with its UDP ports; the first one is the relay's. */
  greeted(address: string, ports: ReadonlyArray<number>, now: number): void {
    this.#servers = ports.flatMap((port) => Endpoint.make(address, port) ?? [])
    const [relay] = this.#servers
    if (relay === undefined || this.#relay === undefined || Endpoint.format(relay) !== Endpoint.format(this.#relay)) {
      this.#heardAt = Number.NEGATIVE_INFINITY
    }
    this.#relay = relay
    this.#askedAt = undefined
    this.#ask(now)
  }

  /** The server's name has these addresses: the first one of the other family is asked as well. */
  alsoAt(addresses: ReadonlyArray<string>, now: number): void {
    const [own] = this.#servers
    const other = addresses.find((address) => own && Endpoint.make(address, own.port)?.family !== own.family)
    const twins = this.#servers.flatMap(({ port }) => (other === undefined ? [] : (Endpoint.make(other, port) ?? [])))
    if (twins.map(Endpoint.format).join() === this.#twins.map(Endpoint.format).join()) return
    this.#twins = twins
    this.#ask(now)
  }

  /** Further STUN servers, to be asked after the server's own ports. */
  setStun(servers: ReadonlyArray<Endpoint.Endpoint>, now: number): void {
    this.#stun = servers
    this.#ask(now)
  }

  start(now: number): void {
    this.#probe.start(now)
  }

  stop(): void {
    this.#probe.stop()
  }

  /** Our own addresses are other ones: what is known of the way out is out of date. */
  networkChanged(now: number): void {
    this.#heardAt = Number.NEGATIVE_INFINITY
    this.#probe.networkChanged(now)
  }

  /** The token (base64url) that goes with this channel's datagrams. Those of channels that are of no use go first. */
  remember(channel: ChannelId, token: string, isUsed: (channel: ChannelId) => boolean): void {
    const bytes = Bytes.fromBase64Url(token)
    if (bytes?.length !== Envelope.TOKEN_BYTES) return
    this.#channels.delete(channel)
    this.#channels.set(channel, { token: bytes, sentAt: undefined })
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
    if (this.#relay === undefined || known === undefined) return undefined
    if (now >= this.#heardAt + LATELY) return undefined
    if (known.sentAt === undefined || known.sentAt < this.#heardAt) known.sentAt = now
    const isHushed = this.#askedAt === undefined && now >= known.sentAt + HUSH
    if (isHushed && now >= this.#lastAskedAt + ASK_INTERVAL) {
      this.#askedAt = now
      this.#lastAskedAt = now
      this.#probe.check(this.#relay, now)
      this.#isNewlySilent = true
    }
    if (this.#askedAt !== undefined && now >= this.#askedAt + PATIENCE) return undefined
    return { to: this.#relay, data: Envelope.toServer(channelIdBytes(channel), known.token, packet) }
  }

  /** Whether the relay's port owes us an answer since `PATIENCE` ms: once each time. */
  pollSilence(now: number): boolean {
    if (!this.#isNewlySilent || this.#askedAt === undefined || now < this.#askedAt + PATIENCE) return false
    this.#isNewlySilent = false
    return true
  }

  /** What a datagram brings for the peer machine; `undefined` when it was for us. */
  handleDatagram(from: Endpoint.Endpoint, data: Uint8Array, now: number): Arrival | undefined {
    if (Stun.isStun(data)) {
      if (!this.#probe.handleDatagram(from, data, now) || !this.#isRelay(from)) return undefined
      this.#heardAt = now
      this.#askedAt = undefined
      return undefined
    }
    if (data[0] !== PacketType.relay) return { from: { _tag: "Direct", endpoint: from }, packet: data }
    const envelope = this.#isRelay(from) ? Envelope.readFromServer(data) : undefined
    if (envelope === undefined) return undefined
    const channel = channelIdOf(envelope.channel)
    const known = this.#channels.get(channel)
    if (known !== undefined) known.sentAt = undefined
    if (!Envelope.isProof(envelope.packet)) return { from: { _tag: "Relay", channel }, packet: envelope.packet }
    if (known !== undefined) this.#answer(known, envelope)
    return undefined
  }

  handleTimeout(now: number): void {
    this.#probe.handleTimeout(now)
  }

  pollTransmit(now: number): { readonly to: Endpoint.Endpoint; readonly data: Uint8Array } | undefined {
    const answer = this.#relay && this.#answers.shift()
    return answer ? { to: this.#relay!, data: answer } : this.#probe.pollTransmit(now)
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
    this.#probe.setServers([...this.#servers, ...this.#twins, ...this.#stun], now)
  }

  /** The relay sends us what peers say by datagrams only once we have returned what it asks us with. */
  #answer({ token }: Channel, { channel, packet }: Envelope.Envelope): void {
    if (Envelope.readProof(packet) === undefined || this.#answers.length >= MAX_ANSWERS) return
    this.#answers.push(Envelope.toServer(channel, token, packet))
  }

  #isRelay(from: Endpoint.Endpoint): boolean {
    return this.#relay !== undefined && Endpoint.format(from) === Endpoint.format(this.#relay)
  }
}

/** As many as the peer machine keeps, and one that it is about to be told of. */
const MAX_CHANNELS = MAX_INTRODUCTIONS + 1

/** Answers that wait to be sent, which they are after each burst of datagrams. */
const MAX_ANSWERS = 64

/** ms: two rounds of questions to the server, so that a lost answer is no reason to change. */
const LATELY = 60_000

/**
 * ms until a peer's answer is overdue, through a relay that is not far: soon, because a question costs two small
 * packets.
 */
const HUSH = 200

/** ms between two questions: a peer that is farther away than `HUSH` is no reason to ask with each packet. */
const ASK_INTERVAL = 1_000

/**
 * ms that the server has to answer: the question is repeated after 500, so it takes two losses to be wrong. Somebody
 * waits, and little is lost by using the link in vain.
 */
const PATIENCE = 700

/** A channel that the relay carries packets on. */
interface Channel {
  readonly token: Uint8Array
  /** When the first datagram went that no envelope of the channel came after, nor an answer of the server. */
  sentAt: number | undefined
}

const kindOf = ({ candidates, mapping }: Reflexive, own: ReadonlySet<string>): NatKind => {
  if (candidates.length === 0) return "blocked"
  if (candidates.some((candidate) => own.has(Endpoint.format(candidate)))) return "none"
  if (mapping.best !== "endpoint-independent") return "hard"
  return mapping.worst === "address-and-port-dependent" ? "unknown" : "easy"
}
