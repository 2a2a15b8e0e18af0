import * as Either from "effect/Either"
import type { Crypto } from "../../domain/Crypto.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Fingerprint from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as Lan from "../../protocol/Lan.js"
import * as PeerRecord from "../../protocol/PeerRecord.js"
import { type Rate, TokenBucket } from "../support/TokenBucket.js"
import { Neighbour } from "./Neighbour.js"

/** Another parley on this network whose record we hold. */
export interface Card {
  /** As its owner writes it; not unique on a local network. */
  readonly nick: string
  /** The nickname, with the beginning of the fingerprint where two here look alike: what people see and type. */
  readonly label: string
  readonly fingerprint: Fingerprint.Fingerprint
  /** Of the peer link. */
  readonly endpoint: Endpoint.Endpoint
}

/** What a server would say of it. */
export interface LanIntroduction extends Card {
  readonly record: Uint8Array
  /** 8 bytes. */
  readonly channel: Uint8Array
  /** 32 bytes. */
  readonly pairKey: Uint8Array
}

export type NeighbourhoodEvent =
  | { readonly _tag: "Joined" | "Left" | "Changed"; readonly card: Card }
  /** Somebody wants to talk to us. */
  | { readonly _tag: "Incoming"; readonly introduction: LanIntroduction }
  /** The answer to `query`: an introduction, or a sentence for people. */
  | { readonly _tag: "Answered"; readonly id: number; readonly answer: LanIntroduction | string }

export interface NeighbourhoodOptions {
  readonly crypto: Crypto
  /** Our Ed25519 public key. */
  readonly identity: Uint8Array
  /** `Lan.NONCE_BYTES` fresh random bytes. */
  readonly nonce: Uint8Array
  /** UDP port of our peer link. */
  readonly port: number
}

/**
 * Peers on one local network, without a server (docs/protocol.md §4).
 *
 * Life: whoever is announced (`found`) is asked for its card until it shows it, and then counts as present. `query`
 * invites somebody: the invitation carries our own card, its answer theirs, and both sides derive the same
 * introduction. A record that is not signed by the identity that its name stands for is nobody's.
 *
 * Packets from outside of this network's addresses are not for us, answers are never larger than questions, and cards
 * are shown at a bounded rate. After every call drain `pollTransmit` and `pollEvent`; wake at `pollTimeout`.
 */
export class Neighbourhood {
  readonly name: Lan.LanName
  readonly #neighbours = new Map<Lan.LanName, Neighbour>()
  readonly #output: Array<{ readonly to: Endpoint.Endpoint; readonly data: Uint8Array }> = []
  readonly #events: Array<NeighbourhoodEvent> = []
  readonly #limiter: TokenBucket
  #record: Uint8Array | undefined
  #ownKey: string | undefined

  constructor(
    private readonly options: NeighbourhoodOptions,
    now: number
  ) {
    this.name = Lan.nameOf(options.crypto, options.identity)
    this.#limiter = new TokenBucket(CARD_RATE, now)
  }

  /** Our own signed record, shown to others from now on, and the nickname in it. */
  setRecord(record: Uint8Array, nick: string, now: number): void {
    this.#record = record
    this.#ownKey = Nickname.key(nick)
    this.#work(now)
  }

  /** Somebody is announced at this endpoint; also again, as often as it is heard. */
  found(name: Lan.LanName, endpoint: Endpoint.Endpoint, now: number): void {
    if (name === this.name || !isLocal(endpoint)) return
    const known = this.#neighbours.get(name)
    if (known === undefined) {
      if (this.#neighbours.size < MAX_NEIGHBOURS) this.#neighbours.set(name, new Neighbour(name, endpoint, now))
    } else {
      known.announced(endpoint, now)
    }
    this.#work(now)
  }

  /** It said goodbye, or was not heard any more. */
  lost(name: Lan.LanName): void {
    const neighbour = this.#neighbours.get(name)
    if (neighbour === undefined) return
    this.#neighbours.delete(name)
    for (const id of neighbour.queries) this.#events.push({ _tag: "Answered", id, answer: GONE })
    if (neighbour.card !== undefined) this.#events.push({ _tag: "Left", card: this.#show(neighbour) })
  }

  /** Everybody whose card we hold, by nickname. */
  list(): ReadonlyArray<Card> {
    return [...this.#neighbours.values()]
      .filter(({ card }) => card !== undefined)
      .map((neighbour) => this.#show(neighbour))
      .sort((left, right) => (left.label < right.label ? -1 : 1))
  }

  /** Who is meant by a nickname or a label: at most one is to be asked. */
  find(text: string): ReadonlyArray<Card> {
    const key = Nickname.key(text)
    const cards = this.list()
    const named = cards.filter(({ nick }) => Nickname.key(nick) === key)
    return named.length > 0 ? named : cards.filter((card) => labelOf(card).toLowerCase() === text.trim().toLowerCase())
  }

  /** Asks for somebody; `Answered` with this id follows once. */
  query(text: string, id: number, now: number): void {
    const [card, ...others] = this.find(text)
    const refuse = (answer: string) => this.#events.push({ _tag: "Answered", id, answer })
    if (card === undefined) return void refuse(NOBODY)
    if (others.length > 0)
      return void refuse(
        `several people here are called ${text}: ask for ${[card, ...others].map(labelOf).join(" or ")}`
      )
    const neighbour = [...this.#neighbours.values()].find((one) => one.card?.fingerprint === card.fingerprint)!
    if (neighbour.queries.length >= MAX_QUERIES) return void refuse(GONE)
    neighbour.invite(id, now)
    this.#work(now)
  }

  /** `wallNow` in ms since 1970 UTC: records expire. */
  handleDatagram(from: Endpoint.Endpoint, data: Uint8Array, now: number, wallNow: number): void {
    const packet = Lan.decode(data)
    if (packet === undefined || packet.to !== this.name || packet.sender === this.name || !isLocal(from)) return
    if (packet.kind === "card") {
      const neighbour = this.#neighbours.get(packet.sender)
      if (neighbour?.waiting !== true || !this.#accept(neighbour, packet, from, wallNow)) return
      for (const id of neighbour.answered())
        this.#events.push({ _tag: "Answered", id, answer: this.#introduce(neighbour) })
      return
    }
    if (this.#record === undefined || this.#limiter.take(now) > 0) return
    if (packet.kind === "invite") {
      const known = this.#neighbours.get(packet.sender)
      if (known === undefined && this.#neighbours.size >= MAX_NEIGHBOURS) return
      const neighbour = known ?? new Neighbour(packet.sender, from, now)
      if (!this.#accept(neighbour, packet, from, wallNow)) return
      this.#neighbours.set(packet.sender, neighbour)
      this.#events.push({ _tag: "Incoming", introduction: this.#introduce(neighbour) })
    }
    this.#send("card", packet.sender, from)
  }

  handleTimeout(now: number): void {
    for (const neighbour of this.#neighbours.values())
      for (const id of neighbour.expire(now)) this.#events.push({ _tag: "Answered", id, answer: GONE })
    this.#work(now)
  }

  pollTimeout(): number | undefined {
    let next: number | undefined
    for (const { timeout } of this.#neighbours.values())
      if (timeout !== undefined && (next === undefined || timeout < next)) next = timeout
    return next
  }

  pollTransmit(): { readonly to: Endpoint.Endpoint; readonly data: Uint8Array } | undefined {
    return this.#output.shift()
  }

  pollEvent(): NeighbourhoodEvent | undefined {
    return this.#events.shift()
  }

  /** Sends what is due. */
  #work(now: number): void {
    if (this.#record === undefined) return
    for (const neighbour of this.#neighbours.values()) {
      const kind = neighbour.due(now)
      if (kind !== undefined) this.#send(kind, neighbour.name, neighbour.endpoint)
    }
  }

  #send(kind: Lan.LanPacket["kind"], to: Lan.LanName, endpoint: Endpoint.Endpoint): void {
    const { nonce, port } = this.options
    const record = kind === "ask" ? NO_RECORD : this.#record!
    if (this.#output.length < MAX_OUTPUT)
      this.#output.push({ to: endpoint, data: Lan.encode({ kind, to, sender: this.name, nonce, port, record }) })
  }

  /** Takes over what a packet says of its sender; `false` when it is not what its name stands for. */
  #accept(neighbour: Neighbour, packet: Lan.LanPacket, from: Endpoint.Endpoint, wallNow: number): boolean {
    const { crypto } = this.options
    const before = neighbour.card
    const endpoint = { ...from, port: packet.port }
    if (before === undefined || !Bytes.equal(before.bytes, packet.record)) {
      const verified = PeerRecord.verify(crypto, packet.record, wallNow)
      if (Either.isLeft(verified)) return false
      const { identity, nick } = verified.right
      const parsed = Nickname.parse(nick)
      if (Lan.nameOf(crypto, identity) !== packet.sender || Either.isLeft(parsed) || parsed.right.text !== nick)
        return false
      const fingerprint = Fingerprint.of(crypto, identity)
      neighbour.card = { bytes: packet.record, identity, nick, fingerprint, nonce: packet.nonce, endpoint }
    } else {
      neighbour.card = { ...before, nonce: packet.nonce, endpoint }
    }
    neighbour.endpoint = from
    if (before === undefined) this.#events.push({ _tag: "Joined", card: this.#show(neighbour) })
    else if (!Bytes.equal(before.nonce, packet.nonce))
      this.#events.push({ _tag: "Changed", card: this.#show(neighbour) })
    return true
  }

  #show({ card }: Neighbour): Card {
    const { endpoint, fingerprint, nick } = card!
    const key = Nickname.key(nick)
    const isAmbiguous =
      key === this.#ownKey ||
      [...this.#neighbours.values()].some(
        (other) => other.card !== undefined && other.card !== card && Nickname.key(other.card.nick) === key
      )
    return { nick, label: isAmbiguous ? labelOf({ nick, fingerprint }) : nick, fingerprint, endpoint }
  }

  #introduce(neighbour: Neighbour): LanIntroduction {
    const { crypto, identity, nonce } = this.options
    const card = neighbour.card!
    return { ...this.#show(neighbour), record: card.bytes, ...Lan.introduce(crypto, { identity, nonce }, card) }
  }
}

/** Tells people of the same nickname apart. */
export const labelOf = ({ fingerprint, nick }: { readonly fingerprint: string; readonly nick: string }): string =>
  `${nick}#${fingerprint.slice(0, 5)}`

/** Multicast DNS does not cross routers; nor do we believe what says that it did. */
const isLocal = (endpoint: Endpoint.Endpoint): boolean => LOCAL.has(Endpoint.scope(endpoint)) && endpoint.port !== 0

const LOCAL: ReadonlySet<Endpoint.Scope> = new Set(["private", "link", "loopback"])

/** A conference's worth; more announcements than that are somebody's joke. */
export const MAX_NEIGHBOURS = 512
/** Unanswered queries for one neighbour: a person makes one. */
const MAX_QUERIES = 16
/** One packet for each neighbour, and some answers; the driver drains after every call. */
const MAX_OUTPUT = 2 * MAX_NEIGHBOURS
/** Each card costs a signature check on one side or the other: a thousandth of a core. */
const CARD_RATE: Rate = { burst: 100, perSecond: 20 }

const NO_RECORD = new Uint8Array()
const NOBODY = "nobody on this network has that nickname"
const GONE = "nobody answers under that nickname on this network"
