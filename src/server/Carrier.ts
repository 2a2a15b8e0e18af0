import type { Channels } from "../core/rendezvous/Channels.js"
import type { Corner } from "../core/rendezvous/Reflector.js"
import { type Forward, Relay, type RelayLimits, type RelayStats } from "../core/rendezvous/Relay.js"
import type * as Endpoint from "../domain/Endpoint.js"
import * as Bytes from "../protocol/Bytes.js"
import { encodeMessage } from "../protocol/ControlCodec.js"
import type { Cluster } from "./Cluster.js"
import type { SessionDriver } from "./SessionDriver.js"

export interface CarrierOptions {
  readonly channels: Channels
  /** The other nodes, where there are any. */
  readonly cluster: Cluster | undefined
  /** None: nothing is carried. */
  readonly limits: RelayLimits | undefined
  readonly random: (length: number) => Uint8Array
  readonly isExempt: (address: Endpoint.Endpoint) => boolean
  readonly sendDatagram: (via: Corner, to: Endpoint.Endpoint, data: Uint8Array) => void
}

/**
 * Knows which session is at which end of a channel, and carries packets from one to the other: as lines, as datagrams,
 * and over another node. What may be carried is decided by `core/rendezvous/Relay`.
 */
export class Carrier {
  readonly #channels: Channels
  readonly #cluster: Cluster | undefined
  readonly #relay: Relay<Corner> | undefined
  readonly #sendDatagram: CarrierOptions["sendDatagram"]
  /** By the number that channels know them by. */
  readonly #ends = new Map<number, SessionDriver>()

  constructor({ channels, cluster, isExempt, limits, random, sendDatagram }: CarrierOptions) {
    this.#channels = channels
    this.#cluster = cluster
    this.#sendDatagram = sendDatagram
    const isLive = (end: number) =>
      this.#ends.get(end)?.registration !== undefined || cluster?.nodeOfEnd(end) !== undefined
    if (limits !== undefined) this.#relay = new Relay<Corner>({ limits, channels, isLive, random, isExempt })
  }

  /** The session at this end, if it is one of ours. */
  at(end: number): SessionDriver | undefined {
    return this.#ends.get(end)
  }

  /** The session is at its `channelEnd` from now on. */
  arrive(driver: SessionDriver): void {
    this.#ends.set(driver.channelEnd, driver)
  }

  /** Its channels end. */
  leave({ channelEnd }: SessionDriver): void {
    this.#relay?.sessionEnded(channelEnd)
    this.#cluster?.ended(channelEnd)
    this.#ends.delete(channelEnd)
  }

  /** What was at this end of another node is over. */
  endedElsewhere(end: number): void {
    if (!this.#ends.has(end)) this.#relay?.sessionEnded(end)
  }

  /** A `Relay` line of a session; whether there was somebody to carry it to, and within the limits. */
  line(from: number, channel: string, packet: string, now: number): boolean {
    const forward = this.#relay?.handleLine(from, channel, packet, now)
    this.#carry(forward)
    return forward !== undefined
  }

  datagram(from: Endpoint.Endpoint, corner: Corner, data: Uint8Array, now: number): void {
    const relay = this.#relay
    if (relay === undefined) return
    this.#carry(relay.handleDatagram(from, corner, data, now))
    for (let next = relay.pollQuestion(); next !== undefined; next = relay.pollQuestion())
      this.#sendDatagram(next.via, next.to, next.data)
  }

  /** A packet that another node's relay has for one of our sessions. */
  fromNode({ channel, packet, to }: PacketOfNode, now: number): void {
    if (!this.#ends.has(to)) return
    const name = Bytes.fromBase64Url(channel)
    const from = name && this.#channels.pairOf(name)?.find((end) => end !== to)
    if (from === undefined || this.#ends.has(from)) return
    this.#carry(this.#relay?.handleLine(from, channel, packet, now))
  }

  stats(): { readonly relay?: RelayStats & { readonly channels: number } } {
    return this.#relay === undefined ? {} : { relay: { ...this.#relay.stats, channels: this.#relay.size } }
  }

  #carry(forward: Forward<Corner> | undefined): void {
    if (forward?._tag === "Datagram") this.#sendDatagram(forward.via, forward.to, forward.data)
    if (forward?._tag !== "Line") return
    const { channel, packet, to } = forward
    const here = this.#ends.get(to)
    const isCarried =
      here === undefined
        ? this.#cluster?.carry(to, channel, packet)
        : here.deliver(encodeMessage({ _tag: "Relay", channel, packet }))
    if (isCarried !== true) this.#relay?.congested(Math.floor((packet.length * 3) / 4))
  }
}

interface PacketOfNode {
  readonly channel: string
  readonly packet: string
  readonly to: number
}
