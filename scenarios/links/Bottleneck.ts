import type { PeerEvent } from "../../src/core/peer/PeerEvent.js"
import { Peers } from "../../src/core/peer/Peers.js"
import type { CongestionController } from "../../src/core/peer/recovery/CongestionController.js"
import { CHANNEL_BYTES, channelIdOf } from "../../src/domain/ChannelId.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as Identity from "../../src/domain/Identity.js"
import { type PeerId, peerIdOf } from "../../src/domain/PeerId.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as PeerRecord from "../../src/protocol/PeerRecord.js"
import { mulberry32 } from "../support/Random.js"

/**
 * One link that all flows share; a queue in front of it that drops what does not fit. Virtual time, and a seed decides
 * everything.
 */
export interface LinkOptions {
  /** Bytes/ms of UDP payload and the 28 bytes of its headers; infinite for no limit. */
  readonly rate: number
  /** ms one way. */
  readonly delay: number
  /** Bytes. */
  readonly queue: number
  /** Part of all packets, each way. */
  readonly loss: number
  /** Part of all packets that take `ms` longer, each way, and are overtaken. */
  readonly reorder?: { readonly part: number; readonly ms: number }
}

/** Pairs of peers, each with a sender on the left and a receiver on the right of the same link. */
export class Bottleneck {
  now = 1_000
  readonly pairs: Array<Pair> = []
  readonly #random: () => number
  readonly #queue: Array<Delivery> = []
  #order = 0
  /** When the link has sent what is in its queue, for either direction. */
  readonly #busyUntil = { right: 0, left: 0 }
  /** Packets that the queue had no room for. */
  dropped = 0

  constructor(
    seed: number,
    readonly link: LinkOptions
  ) {
    this.#random = mulberry32(seed)
  }

  /** One more pair that sends as much as it can from now on, or as `paced` says in its own time. */
  pair(congestion?: () => CongestionController, bulk = true): Pair {
    const pair = new Pair(this, this.pairs.length, congestion, bulk)
    this.pairs.push(pair)
    return pair
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.#random() * 256))
  }

  send(from: Side, data: Uint8Array): void {
    const direction = from.isSender ? "right" : "left"
    const size = data.length + HEADERS
    const waiting = Math.max(0, this.#busyUntil[direction] - this.now) * this.link.rate
    if (this.link.rate < Number.POSITIVE_INFINITY && waiting + size > this.link.queue) {
      this.dropped++
      return
    }
    const start = Math.max(this.now, this.#busyUntil[direction])
    this.#busyUntil[direction] = start + size / this.link.rate
    if (this.#random() < this.link.loss) return
    const { reorder } = this.link
    const late = reorder !== undefined && this.#random() < reorder.part ? reorder.ms : 0
    this.#push({ at: this.#busyUntil[direction] + this.link.delay + late, order: this.#order++, to: from.other, data })
  }

  run(ms: number, step: () => void = () => {}): void {
    const end = this.now + ms
    for (const pair of this.pairs) pair.drain()
    for (;;) {
      let next = this.#queue[0]?.at ?? Number.POSITIVE_INFINITY
      for (const { left, right } of this.pairs) next = Math.min(next, left.timeout, right.timeout)
      if (next > end) break
      this.now = Math.max(this.now, next)
      for (const { left, right } of this.pairs) for (const side of [left, right]) side.ring()
      while (this.#queue.length > 0 && this.#queue[0]!.at <= this.now) {
        const { data, to } = this.#pop()
        to.receive(data)
      }
      step()
    }
    this.now = end
  }

  #push(delivery: Delivery): void {
    const heap = this.#queue
    heap.push(delivery)
    let place = heap.length - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!earlier(delivery, heap[parent]!)) break
      heap[place] = heap[parent]!
      place = parent
    }
    heap[place] = delivery
  }

  #pop(): Delivery {
    const heap = this.#queue
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child++
      if (!earlier(heap[child]!, last)) break
      heap[place] = heap[child]!
      place = child
    }
    heap[place] = last
    return first
  }
}

interface Delivery {
  readonly at: number
  /** What is due at the same time comes in the order it was sent. */
  readonly order: number
  readonly to: Side
  readonly data: Uint8Array
}

export class Pair {
  readonly left: Side
  readonly right: Side
  /** Bytes of the stream that the receiver has read. */
  received = 0
  #stream: number | undefined

  constructor(
    readonly net: Bottleneck,
    index: number,
    congestion: (() => CongestionController) | undefined,
    private readonly bulk: boolean
  ) {
    this.left = new Side(net, `203.0.113.${index + 1}:4000`, true, congestion)
    this.right = new Side(net, `198.51.100.${index + 1}:4000`, false, congestion)
    this.left.other = this.right
    this.right.other = this.left
    const channel = { channel: channelIdOf(net.bytes(CHANNEL_BYTES)), pairKey: net.bytes(32) }
    for (const side of [this.right, this.left]) {
      const { candidate, record } = side.other
      side.peers.invite({ ...channel, record, candidates: [candidate] }, net.now)
    }
    this.left.onEvent = (event) => {
      if (event._tag === "Mutual" && this.bulk) {
        const stream = this.left.peers.openStream(this.right.id, net.now)
        if (typeof stream === "number") this.#stream = stream
        this.#write()
      }
      if (event._tag === "StreamWritable") this.#write()
    }
    this.right.onEvent = (event) => {
      if (event._tag !== "StreamReadable") return
      for (;;) {
        const data = this.right.peers.readStream(this.left.id, event.stream, net.now)
        if (!(data instanceof Uint8Array)) break
        this.received += data.length
      }
    }
  }

  drain(): void {
    this.left.drain()
    this.right.drain()
  }

  #write(): void {
    while (this.left.peers.writeStream(this.right.id, this.#stream!, CHUNK, this.net.now) === true);
  }
}

export class Side {
  readonly peers: Peers
  readonly id: PeerId
  readonly record: PeerRecord.PeerRecord
  readonly candidate: Endpoint.Endpoint
  other: Side = this
  onEvent: (event: PeerEvent) => void = () => {}
  /** When the driver's alarm rings: like real ones it has steps of a millisecond. */
  timeout = Number.POSITIVE_INFINITY

  constructor(
    private readonly net: Bottleneck,
    address: string,
    readonly isSender: boolean,
    congestion: (() => CongestionController) | undefined
  ) {
    const identity = Identity.fromSeed(crypto, net.bytes(32))
    this.candidate = Endpoint.parse(address)!
    this.id = peerIdOf(identity.signKeys.publicKey)
    this.record = {
      nick: "flow",
      identity: identity.signKeys.publicKey,
      staticKey: identity.staticKeys.publicKey,
      sequence: 1,
      expiry: 2_000_000_000_000
    }
    this.peers = new Peers({
      crypto,
      entropy: { bytes: (length) => net.bytes(length) },
      identity: { publicKey: identity.signKeys.publicKey, staticKeys: identity.staticKeys },
      now: net.now,
      ...(congestion === undefined ? {} : { congestion })
    })
    const signed = PeerRecord.sign(crypto, identity.signKeys.secretKey, this.record)!
    this.peers.setLocal(signed, [this.candidate], net.now)
  }

  receive(data: Uint8Array): void {
    this.peers.handleDatagram({ _tag: "Direct", endpoint: this.other.candidate }, data, this.net.now)
    this.drain()
  }

  ring(): void {
    if (this.timeout > this.net.now) return
    this.peers.handleTimeout(this.net.now)
    this.drain()
  }

  drain(): void {
    const { now } = this.net
    for (;;) {
      const event = this.peers.pollEvent()
      if (event !== undefined) {
        this.onEvent(event)
        continue
      }
      const packet = this.peers.pollTransmit(now)
      if (packet === undefined) break
      this.net.send(this, packet.data)
    }
    const timeout = this.peers.pollTimeout() ?? Number.POSITIVE_INFINITY
    this.timeout = timeout === Number.POSITIVE_INFINITY ? timeout : now + Math.max(1, Math.ceil(timeout - now))
  }
}

const earlier = (left: Delivery, right: Delivery): boolean =>
  left.at < right.at || (left.at === right.at && left.order < right.order)

/** Of IPv4 and UDP. */
const HEADERS = 28
const CHUNK = new Uint8Array(32 * 1024)
