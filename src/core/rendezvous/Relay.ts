import type { Endpoint } from "../../domain/Endpoint.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as Envelope from "../../protocol/RelayEnvelope.js"
import { LinkedMap } from "../support/LinkedMap.js"
import { type Rate, TokenBucket } from "../support/TokenBucket.js"
import type { Channels } from "./Channels.js"
import { ADDRESS_LIFE, ReturnAddress } from "./ReturnAddress.js"
import { SourceBuckets } from "./SourceBuckets.js"

/**
 * How much the relay carries.
 *
 * @since 0.1.0
 */
export interface RelayLimits {
  /** Bytes of one channel, in each of its directions. */
  readonly channel: Rate
  /** Bytes that one session puts in, over all its channels. */
  readonly session: Rate
  /** Bytes that one IPv4 address or IPv6 /64 is sent by UDP, whoever they are from. */
  readonly address: Rate
}

export interface RelayOptions {
  readonly limits: RelayLimits
  readonly channels: Channels
  /** Whether this is the number of a registered session. */
  readonly isLive: (session: number) => boolean
  /** Fresh unpredictable bytes. */
  readonly random: (length: number) => Uint8Array
  /** Whether this address has no limit of its own. */
  readonly isExempt?: (address: Endpoint) => boolean
}

/** A datagram to be sent. */
export interface Outgoing<Via> {
  readonly to: Endpoint
  readonly via: Via
  readonly data: Uint8Array
}

/** What to do with a packet that is to go on. */
export type Forward<Via> =
  | ({ readonly _tag: "Datagram" } & Outgoing<Via>)
  /** Over the control link of this connection; `packet` is base64url. */
  | { readonly _tag: "Line"; readonly to: number; readonly channel: string; readonly packet: string }

/**
 * Counts since the start.
 *
 * @since 0.1.0
 */
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
 * nothing of them. Pure; `now` is monotonic ms, `Via` names the socket that an answer must leave from; sessions are the
 * numbers of their connections.
 *
 * A side is reached the way it spoke last: over its control link, or, for `ADDRESS_LIFE` after an envelope with its
 * token, at the address that the envelope came from, if it has proven to be there (`ReturnAddress`); until then over
 * the link, so that the proof keeps no packet waiting. So a side whose UDP stops working says so by using the link
 * again, and whoever forges the source of an envelope brings the true owner of that address one small datagram.
 *
 * What one address is sent is bounded as well: a hundred sessions cannot together flood a line that one of them is on.
 *
 * Each channel has the same share, whatever the others do, and a session with many channels gets a few shares at most.
 * A packet over a limit is dropped, which its sender takes for congestion.
 *
 * A channel takes memory from its first packet on, and only while it carries something: who a name belongs to is read
 * off the name. When a session uses too many at once, the one of its own that was silent longest makes room, so that no
 * stranger's packets can end a conversation of others.
 */
export class Relay<Via> {
  readonly #options: RelayOptions
  readonly #receivers: SourceBuckets
  /** Questions to addresses: at most one for each datagram since the last `pollQuestion`. */
  readonly #questions: Array<Outgoing<Via>> = []
  /** In the order of the last packet. */
  readonly #open = new LinkedMap<string, Pair<Via>>()
  readonly #sources = new Map<number, Source<Via>>()
  readonly #stats = { packets: 0, bytes: 0, limited: 0, congested: 0, unknown: 0 }

  constructor(options: RelayOptions) {
    this.#options = options
    this.#receivers = new SourceBuckets(options.limits.address)
  }

  get stats(): RelayStats {
    return { ...this.#stats }
  }

  /** Channels in use. */
  get size(): number {
    return this.#open.size
  }

  /** Forgets what the session has open. */
  sessionEnded(session: number): void {
    for (const pair of [...(this.#sources.get(session)?.pairs ?? [])]) this.#close(pair)
  }

  /** A `Relay` line of a session; `packet` is base64url of at most 1200 bytes. */
  handleLine(session: number, channel: string, packet: string, now: number): Forward<Via> | undefined {
    const known = this.#open.get(channel)
    const name = Bytes.fromBase64Url(channel)
    const pair = known ?? (name === undefined ? undefined : this.#openFor(session, channel, name, now))
    const [from, to] = pair === undefined ? [] : pair.left.session === session ? both(pair) : both(pair).reverse()
    if (pair === undefined || name === undefined || from?.session !== session || to === undefined)
      return this.#unknown()
    this.#touch(pair, now)
    from.address?.leave()
    if (to.address?.isUsable(now) !== true) {
      return this.#admit(from, Math.floor((packet.length * 3) / 4), now)
        ? { _tag: "Line", to: to.session, channel, packet }
        : undefined
    }
    const bytes = Bytes.fromBase64Url(packet)
    if (bytes === undefined) return this.#unknown()
    if (!this.#admit(from, bytes.length, now)) return undefined
    return this.#datagram(to.address, name, bytes, now)
  }

  /** A datagram that looks like an envelope, from anybody. Drain `pollQuestion` afterwards. */
  handleDatagram(source: Endpoint, via: Via, data: Uint8Array, now: number): Forward<Via> | undefined {
    const envelope = Envelope.readToServer(data)
    if (envelope === undefined) return this.#unknown()
    const { packet, token } = envelope
    const channel = Bytes.toBase64Url(envelope.channel)
    const pair = this.#open.get(channel) ?? this.#openByToken(channel, envelope.channel, token, now)
    if (pair === undefined) return this.#unknown()
    const [from, to] = Bytes.equal(pair.left.token, token) ? both(pair) : both(pair).reverse()
    if (from === undefined || to === undefined || !Bytes.equal(from.token, token)) return this.#unknown()
    this.#touch(pair, now)
    if (from.address?.isAt(source) !== true) from.address = new ReturnAddress(source, via)
    this.#heard(from.address, envelope, now)
    if (packet.length === 0 || Envelope.isProof(packet)) return undefined
    if (!this.#admit(from, packet.length, now)) return undefined
    return to.address?.isUsable(now) === true
      ? this.#datagram(to.address, envelope.channel, packet, now)
      : { _tag: "Line", to: to.session, channel, packet: Bytes.toBase64Url(packet) }
  }

  /** The next datagram of our own, if there is one. */
  pollQuestion(): Outgoing<Via> | undefined {
    return this.#questions.shift()
  }

  /** A packet that was to go on found the receiver's queue too full. */
  congested(bytes: number): void {
    this.#stats.packets--
    this.#stats.bytes -= bytes
    this.#stats.congested++
  }

  /** Somebody spoke from this address; asks whether they are there when that is to be known anew. */
  #heard(address: ReturnAddress<Via>, { channel, packet }: Envelope.Envelope, now: number): void {
    const { isExempt, random } = this.#options
    const nonce = Envelope.readProof(packet)
    const { endpoint, via } = address
    if (nonce !== undefined && address.prove(nonce, now) && isExempt?.(endpoint) !== true) {
      address.budget = this.#receivers.of(endpoint, now)
    }
    const question = address.heard(now, random)
    if (question === undefined) return
    this.#questions.push({ to: endpoint, via, data: Envelope.fromServer(channel, Envelope.proof(question)) })
  }

  /** An admitted packet, to an address that is sent no more than its share. */
  #datagram(
    address: ReturnAddress<Via>,
    channel: Uint8Array,
    packet: Uint8Array,
    now: number
  ): Forward<Via> | undefined {
    const { budget, endpoint, via } = address
    const cost = packet.length + PACKET_COST
    if (budget !== undefined && budget.take(now, cost) > 0) {
      this.congested(packet.length)
      return undefined
    }
    address.onSent(cost)
    return { _tag: "Datagram", to: endpoint, via, data: Envelope.fromServer(channel, packet) }
  }

  #openFor(session: number, channel: string, name: Uint8Array, now: number): Pair<Via> | undefined {
    const ends = this.#endsOf(name)
    if (ends === undefined || (ends[0] !== session && ends[1] !== session)) return undefined
    return this.#openPair(session, channel, ends, this.#options.channels.secretsOf(...ends).tokens, now)
  }

  #openByToken(channel: string, name: Uint8Array, token: Uint8Array, now: number): Pair<Via> | undefined {
    const ends = this.#endsOf(name)
    if (ends === undefined) return undefined
    const { tokens } = this.#options.channels.secretsOf(...ends)
    const side = tokens.findIndex((mine) => Bytes.equal(mine, token))
    return side < 0 ? undefined : this.#openPair(ends[side]!, channel, ends, tokens, now)
  }

  /** The two living sessions of this name. */
  #endsOf(name: Uint8Array): readonly [number, number] | undefined {
    const ends = this.#options.channels.pairOf(name)
    return ends !== undefined && this.#options.isLive(ends[0]) && this.#options.isLive(ends[1]) ? ends : undefined
  }

  #openPair(
    opener: number,
    channel: string,
    ends: readonly [number, number],
    tokens: readonly [Uint8Array, Uint8Array],
    now: number
  ): Pair<Via> {
    this.#makeRoom(opener, now)
    const [left, right] = ends.map((session, side): Side<Via> => {
      const source = this.#sources.get(session) ?? {
        bucket: new TokenBucket(this.#options.limits.session, now),
        pairs: new Set()
      }
      this.#sources.set(session, source)
      const bucket = new TokenBucket(this.#options.limits.channel, now)
      return { session, token: tokens[side]!, source, bucket, address: undefined }
    }) as [Side<Via>, Side<Via>]
    const pair = {
      channel,
      opener,
      left,
      right,
      usedAt: now
    }
    left.source.pairs.add(pair)
    right.source.pairs.add(pair)
    this.#open.set(channel, pair)
    return pair
  }

  /** Forgets what nobody would miss, and then one of the opener's own if it has as many as it may have. */
  #makeRoom(opener: number, now: number): void {
    for (let idle = this.#open.oldest()?.value; idle !== undefined; idle = this.#open.oldest()?.value) {
      if (now - idle.usedAt < IDLE_FOR && this.#open.size < MAX_OPEN) break
      this.#close(idle)
    }
    let own = 0
    let quietest: Pair<Via> | undefined
    for (const pair of this.#sources.get(opener)?.pairs ?? []) {
      if (pair.opener !== opener) continue
      own++
      if (quietest === undefined || pair.usedAt < quietest.usedAt) quietest = pair
    }
    if (own >= MAX_OPENED && quietest !== undefined) this.#close(quietest)
  }

  #close(pair: Pair<Via>): void {
    if (!this.#open.delete(pair.channel)) return
    for (const { session, source } of [pair.left, pair.right]) {
      source.pairs.delete(pair)
      if (source.pairs.size === 0) this.#sources.delete(session)
    }
  }

  #touch(pair: Pair<Via>, now: number): void {
    pair.usedAt = now
    this.#open.set(pair.channel, pair)
  }

  #admit(from: Side<Via>, bytes: number, now: number): boolean {
    const cost = bytes + PACKET_COST
    const mayChannel = from.bucket.take(now, cost) === 0
    const maySession = mayChannel && from.source.bucket.take(now, cost) === 0
    if (!maySession) {
      if (mayChannel) from.bucket.giveBack(cost)
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
 * conversations at once. An address: as many sessions as it may have (16), each with one such conversation, which is
 * 8 Mbit/s, less than any line of today.
 */
export const DEFAULT_LIMITS: RelayLimits = {
  channel: { burst: 256 * 1024, perSecond: 64 * 1024 },
  session: { burst: 1024 * 1024, perSecond: 256 * 1024 },
  address: { burst: 4 * 1024 * 1024, perSecond: 1024 * 1024 }
}

/**
 * ms of silence after which a channel is forgotten: its buckets are full again by then, and no address of its sides is
 * used any more.
 */
const IDLE_FOR = ADDRESS_LIFE

/**
 * Channels in use that one session opened. Nobody talks to as many at once, and those that others opened to it do not
 * count.
 */
export const MAX_OPENED = 64

/** Channels in use in all, about 40 MB; beyond it the one that was silent longest goes. */
export const MAX_OPEN = 65_536

/**
 * Bytes that a packet costs besides its own: a thousand empty ones a second are as much work as all the bytes of a
 * channel.
 */
const PACKET_COST = 64

interface Source<Via> {
  readonly bucket: TokenBucket
  readonly pairs: Set<Pair<Via>>
}

interface Side<Via> {
  readonly session: number
  readonly token: Uint8Array
  readonly source: Source<Via>
  /** What it may put into this channel: its own, so that nobody can use up the other side's. */
  readonly bucket: TokenBucket
  /** Where its last envelope came from. */
  address: ReturnAddress<Via> | undefined
}

interface Pair<Via> {
  readonly channel: string
  /** The session whose packet came first. */
  readonly opener: number
  readonly left: Side<Via>
  readonly right: Side<Via>
  /** Of the last packet. */
  usedAt: number
}

const both = <Via>({ left, right }: Pair<Via>): Array<Side<Via>> => [left, right]
