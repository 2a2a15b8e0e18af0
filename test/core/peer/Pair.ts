import { mulberry32 } from "../../../scenarios/support/Random.js"
import type { Past } from "../../../src/core/peer/Journal.js"
import type { PeerEvent } from "../../../src/core/peer/PeerEvent.js"
import { Peers } from "../../../src/core/peer/Peers.js"
import type { Route, Transmit } from "../../../src/core/peer/Route.js"
import { encode as toBase64Url } from "../../../src/domain/Base64Url.js"
import { CHANNEL_BYTES, type ChannelId, channelIdOf } from "../../../src/domain/ChannelId.js"
import { type Crypto, TAG_BYTES } from "../../../src/domain/Crypto.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Identity from "../../../src/domain/Identity.js"
import type { MessageId } from "../../../src/domain/MessageId.js"
import { type PeerId, peerIdOf } from "../../../src/domain/PeerId.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { HEADER_BYTES } from "../../../src/protocol/DataPacket.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"

/**
 * Machines on a virtual network, driven as a real driver does it: feed, drain, re-arm. Everything follows from the
 * seed, so a failing seed is a reproduction.
 */
export interface LinkOptions {
  /** ms one way. */
  readonly latency: number
  /** ms added at random, which also reorders. */
  readonly jitter: number
  /** Parts of all packets, 0 to 1. */
  readonly loss: number
  readonly duplicate: number
  /** ms one way through the relay, which is slower than the direct way as a rule. */
  readonly relayLatency: number
}

export const PERFECT: LinkOptions = {
  latency: 25,
  jitter: 0,
  loss: 0,
  duplicate: 0,
  relayLatency: 40
}

interface Delivery {
  readonly at: number
  readonly order: number
  /** Where the receiver sees it come from. */
  readonly from: Route
  readonly to: Endpoint.Endpoint | Node
  readonly data: Uint8Array
}

export interface Sealed {
  readonly key: string
  readonly counter: number
  readonly plaintext: Uint8Array
}

export class World {
  now = 1_000
  link: LinkOptions
  /** Says which packets never arrive. */
  blocks: (from: Endpoint.Endpoint, to: Endpoint.Endpoint, data: Uint8Array) => boolean = () => false
  readonly random: () => number
  readonly nodes: Array<Node> = []
  /** Whether introductions tell where the server sees the other one: at its first address. */
  seesAddresses = false
  /** Whether introductions offer a relay. */
  relay = false
  /** Says which packets the relay loses. */
  relayBlocks: (from: Node, to: Node, data: Uint8Array) => boolean = () => false
  /** Whether packets are kept in `trace` and `sent`; costs memory in long runs. */
  keepsPackets = true
  /** Every packet that was delivered, for replays. */
  readonly trace: Array<{ readonly to: Node; readonly from: Route; readonly data: Uint8Array }> = []
  readonly sent: Array<{ readonly at: number; readonly from: Node; readonly to: string; readonly data: Uint8Array }> =
    []
  #deliveries: Array<Delivery> = []
  #order = 0
  #channels = 0
  readonly #pairs = new Map<string, readonly [Node, Node]>()

  constructor(seed: number, link: Partial<LinkOptions> = {}) {
    this.random = mulberry32(seed)
    this.link = { ...PERFECT, ...link }
  }

  node(name: string, address: string, more: ReadonlyArray<string> = []): Node {
    const node = new Node(
      this,
      name,
      [address, ...more].map((text) => Endpoint.parse(text)!)
    )
    this.nodes.push(node)
    return node
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.random() * 256))
  }

  /** What the server does on a query by `from`. */
  introduce(from: Node, to: Node, channel = this.channel()): void {
    this.#pairs.set(channel.name, [from, to])
    const told = (of: Node) => ({
      ...introduction(of, channel),
      relay: this.relay,
      seenAt: this.seesAddresses ? of.endpoints[0]?.address : undefined
    })
    to.peers.admit(told(from), this.now)
    from.peers.invite(told(to), this.now)
  }

  channel(): { readonly name: ChannelId; readonly pairKey: Uint8Array } {
    const bytes = new Uint8Array(CHANNEL_BYTES)
    new DataView(bytes.buffer).setUint32(4, ++this.#channels)
    const pairKey = new Uint8Array(32).fill(this.#channels)
    pairKey.set(bytes)
    return { name: channelIdOf(bytes), pairKey }
  }

  transmit(from: Node, transmit: Transmit): void {
    const route = transmit.route
    const data = transmit.data.slice()
    // The packet is the driver's now: the machine must not rely on its bytes any more.
    transmit.data.fill(0xee)
    if (route._tag === "Relay") {
      this.#relay(from, route, data)
      return
    }
    const to = route.endpoint
    const source = from.sourceFor(to)
    if (this.keepsPackets) this.sent.push({ at: this.now, from, to: Endpoint.format(to), data })
    if (source === undefined || this.blocks(source, to, data) || this.random() < this.link.loss) return
    const seen: Route = { _tag: "Direct", endpoint: source }
    this.#schedule(seen, to, data, this.link.latency)
    if (this.random() < this.link.duplicate) this.#schedule(seen, to, data, this.link.latency)
  }

  /** The server's part: to the other side of the channel, whatever is in between. */
  #relay(from: Node, route: Route & { readonly _tag: "Relay" }, data: Uint8Array): void {
    this.sent.push({ at: this.now, from, to: RELAY, data })
    const to = this.#pairs.get(route.channel)?.find((node) => node !== from)
    if (!this.relay || to === undefined || this.relayBlocks(from, to, data) || this.random() < this.link.loss) return
    this.#schedule(route, to, data, this.link.relayLatency)
  }

  /** Runs for `ms`, or until `done`. */
  run(ms: number, done: () => boolean = () => false): boolean {
    const end = this.now + ms
    let steps = 0
    for (;;) {
      for (const node of this.nodes) node.drain()
      if (done()) return true
      let next = this.#deliveries[0]?.at ?? Number.POSITIVE_INFINITY
      for (const node of this.nodes) next = Math.min(next, node.timeout())
      if (next > end) {
        this.now = end
        return false
      }
      if (next > this.now) {
        steps = 0
        this.now = next
      } else if (++steps > 10_000) throw new Error(`no progress at ${this.now}`)
      for (const node of this.nodes) if (node.timeout() <= this.now) node.peers.handleTimeout(this.now)
      while (this.#deliveries.length > 0 && this.#deliveries[0]!.at <= this.now) {
        const { data, from, to } = this.#deliveries.shift()!
        const node = to instanceof Node ? to : this.nodes.find((candidate) => candidate.owns(to))
        if (node?.online !== true) continue
        if (this.keepsPackets) this.trace.push({ to: node, from, data })
        node.peers.handleDatagram(from, data.slice(), this.now)
        node.drain()
      }
    }
  }

  #schedule(from: Route, to: Endpoint.Endpoint | Node, data: Uint8Array, latency: number): void {
    const at = this.now + latency + this.link.jitter * this.random()
    const delivery = { at, order: this.#order++, from, to, data }
    let index = this.#deliveries.length
    while (index > 0 && later(this.#deliveries[index - 1]!, delivery)) index--
    this.#deliveries.splice(index, 0, delivery)
  }
}

export class Node {
  readonly identity: Identity.Identity
  readonly id: PeerId
  readonly record: PeerRecord.PeerRecord
  readonly signed: Uint8Array
  peers: Peers
  endpoints: ReadonlyArray<Endpoint.Endpoint>
  /** Whether messages count as shown as soon as they come. */
  shows = true
  online = true
  readonly events: Array<PeerEvent> = []
  readonly messages: Array<{ readonly id: MessageId; readonly text: string }> = []
  readonly sealed: Array<Sealed> = []
  /** Keeps plaintexts of sealed packets; costs memory in long runs. */
  keepsPlaintext = true
  sealedCount = 0
  /** Handshakes that got as far as curve operations. */
  cryptoCalls = 0
  /** Changes what this node says in its handshakes: a modified client. */
  tamper: (payload: Uint8Array) => Uint8Array = (payload) => payload
  /** Changes the frames that this node sends, in place. */
  tamperFrames: (frames: Uint8Array) => void = () => {}
  /** The key and the header of the last packet that was sealed. */
  #lastSeal: { readonly key: Uint8Array; readonly header: Uint8Array } | undefined
  #forged = 1_000_000

  constructor(
    readonly world: World,
    readonly name: string,
    endpoints: ReadonlyArray<Endpoint.Endpoint>
  ) {
    this.endpoints = endpoints
    this.identity = Identity.fromSeed(crypto, world.bytes(32))
    this.record = {
      nick: name,
      identity: this.identity.signKeys.publicKey,
      staticKey: this.identity.staticKeys.publicKey,
      sequence: 1,
      expiry: 2_000_000_000_000
    }
    this.signed = PeerRecord.sign(crypto, this.identity.signKeys.secretKey, this.record)!
    this.id = peerIdOf(this.identity.signKeys.publicKey)
    this.peers = this.start()
  }

  /** A new process with the same identity; `past` is what its journal says of everybody. Writing takes no time. */
  start(past?: Past): Peers {
    this.peers = new Peers({
      ...(past && { past: () => past }),
      crypto: this.#tap(),
      entropy: { bytes: (length) => this.world.bytes(length) },
      identity: { publicKey: this.identity.signKeys.publicKey, staticKeys: this.identity.staticKeys },
      portGuessing: true,
      now: this.world.now
    })
    this.peers.setLocal(this.signed, this.endpoints, this.world.now)
    return this.peers
  }

  send(to: Node, text: string): MessageId {
    const result = this.peers.send(to.id, text, this.world.now)
    if (typeof result !== "string") throw new Error(`${this.name} could not send: ${result._tag}`)
    return result
  }

  /** A packet with these frames under the keys of this node's newest connection, as a modified client makes it. */
  forge(frames: Uint8Array): Uint8Array {
    const { header, key } = this.#lastSeal!
    const packet = new Uint8Array(HEADER_BYTES + frames.length + TAG_BYTES)
    packet.set(header)
    const counter = this.#forged++
    new DataView(packet.buffer).setBigUint64(5, BigInt(counter))
    crypto.seal(key, counter, packet.subarray(0, HEADER_BYTES), frames, packet.subarray(HEADER_BYTES))
    return packet
  }

  get texts(): ReadonlyArray<string> {
    return this.messages.map((message) => message.text)
  }

  count(tag: PeerEvent["_tag"]): number {
    return this.events.filter((event) => event._tag === tag).length
  }

  connected(to: Node): boolean {
    return this.peers.status(to.id)?.connected === true
  }

  timeout(): number {
    return this.online ? (this.peers.pollTimeout() ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
  }

  drain(): void {
    if (!this.online) return
    for (;;) {
      const transmit = this.peers.pollTransmit(this.world.now)
      if (transmit !== undefined) {
        this.world.transmit(this, transmit)
        continue
      }
      for (let entry = this.peers.pollJournal(); entry !== undefined; entry = this.peers.pollJournal()) {
        this.peers.written([entry], this.world.now)
        this.peers.flushed([entry])
      }
      const event = this.peers.pollEvent()
      if (event === undefined) return
      this.events.push(event)
      if (event._tag !== "Message") continue
      this.messages.push({ id: event.id, text: event.text })
      if (this.shows) this.peers.delivered(event.peer, event.id, this.world.now)
    }
  }

  owns(endpoint: Endpoint.Endpoint): boolean {
    return this.online && this.endpoints.some((own) => Endpoint.format(own) === Endpoint.format(endpoint))
  }

  /** The interface that reaches `to`: private addresses from private ones only, and the same for global ones. */
  sourceFor(to: Endpoint.Endpoint): Endpoint.Endpoint | undefined {
    return this.endpoints.find((own) => Endpoint.scope(own) === Endpoint.scope(to))
  }

  #tap(): Crypto {
    return {
      ...crypto,
      noiseResponder: (options) => {
        this.cryptoCalls++
        const noise = crypto.noiseResponder(options)
        return { ...noise, write: (payload) => noise.write(this.tamper(payload.slice())) }
      },
      noiseInitiator: (options) => {
        const noise = crypto.noiseInitiator(options)
        return { ...noise, write: (payload) => noise.write(this.tamper(payload.slice())) }
      },
      seal: (key, counter, additional, plaintext, out) => {
        this.sealedCount++
        if (this.keepsPlaintext) this.sealed.push({ key: toBase64Url(key), counter, plaintext: plaintext.slice() })
        this.tamperFrames(plaintext)
        this.#lastSeal = { key: key.slice(), header: additional.slice() }
        crypto.seal(key, counter, additional, plaintext, out)
      }
    }
  }
}

/** What `World.sent` says of packets to the relay. */
export const RELAY = "relay"

export const introduction = (
  of: Node,
  channel: { readonly name: ChannelId; readonly pairKey: Uint8Array }
): Parameters<Peers["invite"]>[0] => ({
  channel: channel.name,
  pairKey: channel.pairKey,
  record: of.record,
  candidates: of.endpoints
})

export const direct = (text: string): Route => ({ _tag: "Direct", endpoint: Endpoint.parse(text)! })

const later = (left: Delivery, right: Delivery): boolean =>
  left.at > right.at || (left.at === right.at && left.order > right.order)
