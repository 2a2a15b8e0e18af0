import type { Endpoint } from "../../domain/Endpoint.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as Envelope from "../../protocol/RelayEnvelope.js"
import { type Rate, TokenBucket } from "../support/TokenBucket.js"
import type { SessionId } from "./Registration.js"
import type { ChannelEnd } from "./RegistryMachine.js"

export interface RelayLimits {
  /** Bytes of one channel, both directions together. */
  readonly channel: Rate
  /** Bytes that one session puts in, over all its channels. */
  readonly session: Rate
}

/** What to do with a packet that is to go on. */
export type Forward<Via> =
  | { readonly _tag: "Datagram"; readonly to: Endpoint; readonly via: Via; readonly data: Uint8Array }
  /** Over the control link of this session; `packet` is base64url. */
  | { readonly _tag: "Line"; readonly session: SessionId; readonly channel: string; readonly packet: string }

/** Counts since the start. */
export interface RelayStats {
  /** Carried, with the bytes of the packets themselves. */
  readonly packets: number
  readonly bytes: number
  /** Not carried: over a rate, to somebody who does not take them, or of nobody we know. */
  readonly limited: number
  readonly congested: number
  readonly unknown: number
}

/**
 * Carries sealed packets between the two sessions of a channel, and between nobody else. It cannot read them, and keeps
 * nothing of them. Pure; `now` is monotonic ms, `Via` names the socket that an answer must leave from.
 *
 * A side is reached the way it spoke last: over its control link, or, for `ADDRESS_LIFE` after an envelope with its
 * token, at the address that the envelope came from. So a side whose UDP stops working says so by using the link again.
 *
 * Each channel has the same share, whatever the others do, and a session with many channels gets a few shares at most.
 * A packet over a limit is dropped, which its sender takes for congestion. Memory: one entry a channel that the
 * registry has open.
 */
export class Relay<Via> {
  readonly #channels = new Map<string, Pair<Via>>()
  readonly #sources = new Map<SessionId, Source>()
  readonly #stats = { packets: 0, bytes: 0, limited: 0, congested: 0, unknown: 0 }

  constructor(private readonly limits: RelayLimits) {}

  get stats(): RelayStats {
    return { ...this.#stats }
  }

  /** Channels that are open. */
  get size(): number {
    return this.#channels.size
  }

  open(channel: string, ends: readonly [ChannelEnd, ChannelEnd], now: number): void {
    if (this.#channels.has(channel)) return
    const [left, right] = ends.map(({ session, token }) => {
      const source = this.#sources.get(session) ?? { bucket: new TokenBucket(this.limits.session, now), channels: 0 }
      source.channels++
      this.#sources.set(session, source)
      return { session, token: Bytes.fromBase64Url(token) ?? new Uint8Array(0), source, address: undefined }
    }) as [Side<Via>, Side<Via>]
    this.#channels.set(channel, { left, right, bucket: new TokenBucket(this.limits.channel, now) })
  }

  close(channel: string): void {
    const pair = this.#channels.get(channel)
    if (pair === undefined) return
    this.#channels.delete(channel)
    for (const { session, source } of [pair.left, pair.right]) {
      source.channels--
      if (source.channels === 0) this.#sources.delete(session)
    }
  }

  /** A `Relay` line of a session; `packet` is base64url of at most 1200 bytes. */
  handleLine(session: SessionId, channel: string, packet: string, now: number): Forward<Via> | undefined {
    const pair = this.#channels.get(channel)
    const [from, to] = pair === undefined ? [] : pair.left.session === session ? both(pair) : both(pair).reverse()
    if (pair === undefined || from?.session !== session || to === undefined) return this.#unknown()
    from.address = undefined
    const address = reachable(to, now)
    if (address === undefined) {
      return this.#admit(pair, from, Math.floor((packet.length * 3) / 4), now)
        ? { _tag: "Line", session: to.session, channel, packet }
        : undefined
    }
    const bytes = Bytes.fromBase64Url(packet)
    const name = Bytes.fromBase64Url(channel)
    if (bytes === undefined || name === undefined) return this.#unknown()
    if (!this.#admit(pair, from, bytes.length, now)) return undefined
    return { _tag: "Datagram", to: address.endpoint, via: address.via, data: Envelope.fromServer(name, bytes) }
  }

  /** A datagram that looks like an envelope, from anybody. */
  handleDatagram(source: Endpoint, via: Via, data: Uint8Array, now: number): Forward<Via> | undefined {
    const envelope = Envelope.readToServer(data)
    const channel = envelope && Bytes.toBase64Url(envelope.channel)
    const pair = channel === undefined ? undefined : this.#channels.get(channel)
    if (envelope === undefined || channel === undefined || pair === undefined) return this.#unknown()
    const { packet, token } = envelope
    const [from, to] = Bytes.equal(pair.left.token, token) ? both(pair) : both(pair).reverse()
    if (from === undefined || to === undefined || !Bytes.equal(from.token, token)) return this.#unknown()
    from.address = { endpoint: source, via, until: now + ADDRESS_LIFE }
    if (packet.length === 0 || !this.#admit(pair, from, packet.length, now)) return undefined
    const address = reachable(to, now)
    return address === undefined
      ? { _tag: "Line", session: to.session, channel, packet: Bytes.toBase64Url(packet) }
      : {
          _tag: "Datagram",
          to: address.endpoint,
          via: address.via,
          data: Envelope.fromServer(envelope.channel, packet)
        }
  }

  /** A packet that was to go on found the receiver's queue too full. */
  congested(bytes: number): void {
    this.#stats.packets--
    this.#stats.bytes -= bytes
    this.#stats.congested++
  }

  #admit(pair: Pair<Via>, from: Side<Via>, bytes: number, now: number): boolean {
    const cost = bytes + PACKET_COST
    const mayChannel = pair.bucket.take(now, cost) === 0
    const maySession = mayChannel && from.source.bucket.take(now, cost) === 0
    if (!maySession) {
      // The other side is not to pay for what its peer does elsewhere.
      if (mayChannel) pair.bucket.giveBack(cost)
      this.#stats.limited++
      return false
    }
    this.#stats.packets++
    this.#stats.bytes += bytes
    return true
  }

  #unknown(): undefined {
    this.#stats.unknown++
  }
}

/**
 * 64 KiB/s are some hundred lines of chat a second; the burst lets a pasted log through. A session: four such
 * conversations at once.
 */
export const DEFAULT_LIMITS: RelayLimits = {
  channel: { burst: 256 * 1024, perSecond: 64 * 1024 },
  session: { burst: 1024 * 1024, perSecond: 256 * 1024 }
}

/**
 * ms for which a side's address is used after its last envelope: what NATs keep a UDP mapping for at least, as a rule.
 * A side that has the relay in use speaks more often.
 */
export const ADDRESS_LIFE = 30_000

/**
 * Bytes that a packet costs besides its own: a thousand empty ones a second are as much work as all the bytes of a
 * channel.
 */
const PACKET_COST = 64

interface Source {
  readonly bucket: TokenBucket
  channels: number
}

interface Side<Via> {
  readonly session: SessionId
  readonly token: Uint8Array
  readonly source: Source
  address: { readonly endpoint: Endpoint; readonly via: Via; readonly until: number } | undefined
}

interface Pair<Via> {
  readonly left: Side<Via>
  readonly right: Side<Via>
  readonly bucket: TokenBucket
}

const both = <Via>({ left, right }: Pair<Via>): Array<Side<Via>> => [left, right]

const reachable = <Via>({ address }: Side<Via>, now: number) =>
  address !== undefined && now < address.until ? address : undefined
