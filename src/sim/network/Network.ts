import type { InterfaceAddress } from "../../services/Interfaces.js"
import type { Kernel } from "../kernel/Kernel.js"
import { Kind } from "../kernel/Trace.js"
import { AddressBook, addressOf, portOf } from "./AddressBook.js"
import { type Conditions, TCP_OVERHEAD, UDP_OVERHEAD } from "./Conditions.js"
import { connectionKey, type Host, type PacketSink, socketKey } from "./Host.js"
import { Link, Purpose } from "./Link.js"
import { type DropReason, type Packet, signOf } from "./Packet.js"
import { Routing } from "./Routing.js"
import type { Rule } from "./Rule.js"
import { MSS } from "./TcpSender.js"

/**
 * What the packet log and a capture are told.
 *
 * @since 0.1.0
 */
export interface PacketEvent {
  readonly what: "sent" | "arrived" | DropReason
  /** Virtual microseconds. */
  readonly at: number
  readonly packet: Packet
  readonly from: Host
  /** Where it was going, once a route was found. */
  readonly to: Host | undefined
}

/**
 * Carries packets between hosts. Everything that happens to one is decided when it is sent; then it is on its way.
 *
 * @since 0.1.0
 */
export class Network {
  readonly book = new AddressBook()
  readonly routing = new Routing(this.book)
  readonly stats = { sent: 0, arrived: 0, dropped: 0 }
  /** Hosts by name, for who looks one up. */
  readonly names = new Map<string, Host>()
  /** Told of every packet's fate; leave it unset and nothing is recorded. */
  onPacket: ((event: PacketEvent) => void) | undefined
  /** Asked for each packet before it travels, in order. */
  readonly rules = new Set<Rule>()
  readonly #links = new Map<number, Link>()
  readonly #seed: number
  /** What the link between two hosts is like at this moment. */
  readonly #conditions: (from: Host, to: Host) => Conditions

  constructor(
    readonly kernel: Kernel,
    seed: number,
    conditions: (from: Host, to: Host) => Conditions
  ) {
    this.#seed = seed
    this.#conditions = conditions
  }

  /**
   * Sends a packet. Gives the reason when it is known already that it will not arrive; a sender must not act on that
   * unless its own machine would tell it (TCP here never does).
   */
  send(from: Host, packet: Packet): DropReason | undefined {
    const { kernel } = this
    this.stats.sent++
    kernel.trace.note(Kind.send, packet.source, packet.data.length)
    this.onPacket?.({ what: "sent", at: kernel.now, packet, from, to: undefined })
    if (!from.online && !this.routing.isLoopback(addressOf(packet.destination)))
      return this.#drop(from, packet, "offline")
    const route = this.routing.route(from, packet.source, packet.destination, kernel.now, signOf(packet.segment))
    if (typeof route === "string") return this.#drop(from, packet, route)
    const { host } = route
    const travelling = { ...packet, source: route.source, destination: route.destination }
    if (host === from) {
      // Within a machine, what a datagram will reach is settled when it is sent.
      const sink = packet.protocol === "udp" ? this.#sinkOf(host, travelling) : undefined
      kernel.after(LOOPBACK_DELAY, () => this.#arrive(from, host, travelling, sink))
      return undefined
    }
    return this.#travel(from, host, travelling)
  }

  /** The addresses that a machine sees on its own interfaces. */
  interfacesOf(host: Host): ReadonlyArray<InterfaceAddress> {
    const own = host.online ? [host.ipv4, host.ipv6] : []
    return [
      { family: "ipv4", address: "127.0.0.1", loopback: true },
      { family: "ipv6", address: "::1", loopback: true },
      ...own
        .filter((id) => id !== undefined)
        .map((id) => ({ family: this.book.family(id), address: this.book.text(id), loopback: false }) as const)
    ]
  }

  /** The link from one host to another. */
  link(from: Host, to: Host): Link {
    const key = from.id * MAX_HOSTS + to.id
    const known = this.#links.get(key)
    if (known !== undefined) return known
    const link = new Link(this.#seed, from, to, this.#conditions(from, to))
    this.#links.set(key, link)
    return link
  }

  /** Bytes that the next TCP segment may have; the path's MTU is known to it, as path MTU discovery would find it. */
  segmentSize(from: Host, to: Host | undefined): number {
    if (to === undefined || to === from) return MSS
    const link = this.link(from, to)
    const { mtu, rechunk } = link.conditions
    const fits = Math.max(1, Math.min(MSS, mtu - TCP_OVERHEAD))
    return rechunk === 0 ? fits : 1 + Math.floor(link.draw(link.last + 1, Purpose.rechunk) * Math.min(rechunk, fits))
  }

  /** Looks at the conditions of all links again, after something about them has changed. */
  refresh(): void {
    for (const link of this.#links.values()) {
      link.update(this.#conditions(link.from, link.to), this.kernel.now)
    }
  }

  #travel(from: Host, to: Host, packet: Packet): DropReason | undefined {
    const link = this.link(from, to)
    if (link.conditions.clogged) {
      link.hold(() => this.#travel(from, to, packet))
      return undefined
    }
    const size = packet.data.length + (packet.protocol === "udp" ? UDP_OVERHEAD : TCP_OVERHEAD)
    const fate = link.next(packet.protocol, size, this.kernel.now)
    if (fate.lost !== undefined) return this.#drop(from, packet, fate.lost, to)
    const changed = this.#mangle(packet, link)
    if (changed === undefined) return this.#drop(from, packet, "corrupt", to)
    let extra = 0
    let copies = 1
    let sent = changed
    for (const rule of this.rules) {
      const verdict = rule({ from: from.name, to: to.name, protocol: packet.protocol, data: sent.data })
      if (verdict === "drop") return this.#drop(from, packet, "rule", to)
      if (verdict === "pass") continue
      extra += Math.round((verdict.delayMs ?? 0) * 1000)
      copies += verdict.copies ?? 0
      if (verdict.data !== undefined) sent = { ...sent, data: verdict.data }
    }
    for (let i = 0; i < copies; i++) for (const delay of fate.arrivals) this.#launch(from, to, sent, delay + extra)
    return undefined
  }

  #launch(from: Host, to: Host, packet: Packet, delay: number): void {
    this.kernel.after(delay, () => this.#arrive(from, to, packet))
  }

  #arrive(from: Host, host: Host, packet: Packet, known?: PacketSink): void {
    const { kernel } = this
    kernel.trace.note(Kind.deliver, packet.source, packet.destination)
    if (!host.powered || (!host.online && host !== from)) {
      this.#drop(from, packet, "offline", host)
      return
    }
    const sink = known ?? this.#sinkOf(host, packet)
    const problem = sink === undefined ? "no-socket" : sink.arrive(packet, from)
    if (problem !== undefined) this.#drop(from, packet, problem, host)
    else {
      this.stats.arrived++
      this.onPacket?.({ what: "arrived", at: kernel.now, packet, from, to: host })
    }
    if (sink === undefined && packet.protocol === "tcp") this.refuse(host, packet)
  }

  #sinkOf(host: Host, packet: Packet): PacketSink | undefined {
    const family = this.book.family(addressOf(packet.destination))
    const port = portOf(packet.destination)
    if (packet.protocol === "udp") return host.udp.get(socketKey(family, port))
    return host.connections.get(connectionKey(packet.source, port)) ?? host.listeners.get(socketKey(family, port))
  }

  /** Answers a segment that belongs to no connection (RFC 9293 §3.10.7.1). */
  refuse(host: Host, packet: Packet): void {
    if (packet.segment === undefined || packet.segment.rst) return
    this.send(host, reset(packet))
  }

  #drop(from: Host, packet: Packet, what: DropReason, to?: Host): DropReason {
    this.stats.dropped++
    this.kernel.trace.note(Kind.drop, packet.source, packet.destination)
    this.onPacket?.({ what, at: this.kernel.now, packet, from, to })
    return what
  }

  /** Applies what may happen to the content; `undefined` when a checksum notices and the packet is dropped. */
  #mangle(packet: Packet, link: Link): Packet | undefined {
    const c = link.conditions
    const n = link.last
    if (packet.protocol === "tcp" && c.reset > 0 && link.draw(n, Purpose.reset) < c.reset && !packet.segment!.rst) {
      return { ...packet, data: EMPTY, segment: { ...packet.segment!, rst: true, syn: false, fin: false } }
    }
    let data = packet.data
    if (c.corrupt > 0 && link.draw(n, Purpose.corrupt) < c.corrupt) {
      if (packet.protocol === "tcp") return undefined
      const bit = Math.floor(link.draw(n, Purpose.corruptAt) * data.length * 8)
      data = Uint8Array.from(data)
      if (data.length > 0) data[bit >> 3]! ^= 1 << (bit & 7)
    }
    if (c.truncate > 0 && packet.protocol === "udp" && link.draw(n, Purpose.truncate) < c.truncate) {
      data = data.subarray(0, Math.floor(link.draw(n, Purpose.truncateTo) * data.length))
    }
    return data === packet.data ? packet : { ...packet, data }
  }
}

/** The reset that answers `packet`. */
const reset = (packet: Packet): Packet => {
  const segment = packet.segment!
  const length = packet.data.length + (segment.syn ? 1 : 0) + (segment.fin ? 1 : 0)
  return {
    protocol: "tcp",
    source: packet.destination,
    destination: packet.source,
    data: EMPTY,
    segment: {
      syn: false,
      ack: true,
      fin: false,
      rst: true,
      sequence: segment.ack ? segment.acknowledge : 0,
      acknowledge: segment.sequence + length,
      window: 0
    }
  }
}

const EMPTY = new Uint8Array(0)

/** µs from a host to itself: less than any link, more than nothing, so that an answer never precedes its question. */
const LOOPBACK_DELAY = 10

/** Hosts of one world. 2^20, as addresses. */
const MAX_HOSTS = 1_048_576
