import { type ChannelId, channelIdBytes, channelIdOf } from "../../domain/ChannelId.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Bytes from "../../protocol/Bytes.js"
import { PacketType } from "../../protocol/DataPacket.js"
import * as Envelope from "../../protocol/RelayEnvelope.js"
import * as Stun from "../../protocol/Stun.js"
import type { NatKind } from "../nat/NatKind.js"
import { type Reflexive, ReflexiveProbe } from "../nat/ReflexiveProbe.js"
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
 * Whether they get through shows in answers from the relay's port: to our questions, and from peers to packets that we
 * had carried. While one came lately, datagrams are used. A peer that does not answer says nothing, for it may be gone;
 * so the server is asked then, and only when it owes an answer, too, the control link takes over. Either way is the
 * same path to the peer machine.
 */
export class RelayTransport {
  readonly #probe: ReflexiveProbe
  readonly #seen = new Map<Endpoint.Family, Reflexive>()
  /**
   * By channel; at most `MAX_TOKENS`, the oldest goes first. A channel without its token still has the control link. A
   * lost link is no reason to forget them: the server may not know of it yet, and carries on until it does.
   */
  readonly #tokens = new Map<ChannelId, Uint8Array>()
  /** The relay's port; `undefined` while the server has none, or there is no server. */
  #relay: Endpoint.Endpoint | undefined
  #servers: ReadonlyArray<Endpoint.Endpoint> = []
  #stun: ReadonlyArray<Endpoint.Endpoint> = []
  /** When anything came from the relay's port last. */
  #heardAt = Number.NEGATIVE_INFINITY
  /** When the first datagram went there that nothing came back after. */
  #sentAt: number | undefined
  /** When the server was asked whether it gets them; `undefined` once anything came. */
  #askedAt: number | undefined
  #lastAskedAt = Number.NEGATIVE_INFINITY

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
    this.#sentAt = undefined
    this.#askedAt = undefined
    this.#probe.setServers([...this.#servers, ...this.#stun], now)
  }

  /** Further STUN servers, to be asked after the server's own ports. */
  setStun(servers: ReadonlyArray<Endpoint.Endpoint>, now: number): void {
    this.#stun = servers
    this.#probe.setServers([...this.#servers, ...this.#stun], now)
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

  /** The token (base64url) that goes with this channel's datagrams. */
  remember(channel: ChannelId, token: string): void {
    const bytes = Bytes.fromBase64Url(token)
    if (bytes?.length !== Envelope.TOKEN_BYTES) return
    this.#tokens.delete(channel)
    this.#tokens.set(channel, bytes)
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= MAX_TOKENS) break
      this.#tokens.delete(oldest)
    }
  }

  /** The datagram that carries this packet to the relay; `undefined` when the control link is the better way. */
  envelope(
    channel: ChannelId,
    packet: Uint8Array,
    now: number
  ): { readonly to: Endpoint.Endpoint; readonly data: Uint8Array } | undefined {
    const token = this.#tokens.get(channel)
    if (this.#relay === undefined || token === undefined) return undefined
    if (now >= this.#heardAt + LATELY) return undefined
    this.#sentAt ??= now
    const isHushed = this.#askedAt === undefined && now >= this.#sentAt + HUSH
    if (isHushed && now >= this.#lastAskedAt + ASK_INTERVAL) {
      this.#askedAt = now
      this.#lastAskedAt = now
      this.#probe.check(this.#relay, now)
    }
    if (this.#askedAt !== undefined && now >= this.#askedAt + PATIENCE) return undefined
    return { to: this.#relay, data: Envelope.toServer(channelIdBytes(channel), token, packet) }
  }

  /** What a datagram brings for the peer machine; `undefined` when it was for us. */
  handleDatagram(from: Endpoint.Endpoint, data: Uint8Array, now: number): Arrival | undefined {
    if (Stun.isStun(data)) {
      if (this.#probe.handleDatagram(from, data, now)) this.#heard(from, now)
      return undefined
    }
    if (data[0] !== PacketType.relay) return { from: { _tag: "Direct", endpoint: from }, packet: data }
    const envelope = this.#heard(from, now) ? Envelope.readFromServer(data) : undefined
    return (
      envelope && {
        from: { _tag: "Relay", channel: channelIdOf(envelope.channel) },
        packet: envelope.packet
      }
    )
  }

  handleTimeout(now: number): void {
    this.#probe.handleTimeout(now)
  }

  pollTransmit(now: number): { readonly to: Endpoint.Endpoint; readonly data: Uint8Array } | undefined {
    return this.#probe.pollTransmit(now)
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

  /** Our network in one word: that of the family that is easier to reach. `own` are our endpoints without any NAT. */
  natKind(own: ReadonlyArray<Endpoint.Endpoint>): NatKind {
    const mine = new Set(own.map(Endpoint.format))
    const kinds = [...this.#seen.values()].map((seen) => kindOf(seen, mine))
    return EASIEST_FIRST.find((kind) => kinds.includes(kind)) ?? "unknown"
  }

  /** Whether it came from the relay's port. */
  #heard(from: Endpoint.Endpoint, now: number): boolean {
    if (this.#relay === undefined || Endpoint.format(from) !== Endpoint.format(this.#relay)) return false
    this.#heardAt = now
    this.#sentAt = undefined
    this.#askedAt = undefined
    return true
  }
}

/** As many as the introductions that the peer machine keeps: 4 for each of 1024 peers. */
const MAX_TOKENS = 4_096

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

const EASIEST_FIRST = ["none", "easy", "hard", "blocked"] as const satisfies ReadonlyArray<NatKind>

const kindOf = ({ candidates, mapping }: Reflexive, own: ReadonlySet<string>): NatKind => {
  if (candidates.length === 0) return "blocked"
  if (candidates.some((candidate) => own.has(Endpoint.format(candidate)))) return "none"
  if (mapping.best !== "endpoint-independent") return "hard"
  return mapping.worst === "address-and-port-dependent" ? "unknown" : "easy"
}
