import type { Crypto, KeyPair } from "../../domain/Crypto.js"
import * as Endpoint from "../../domain/Endpoint.js"
import type { Fingerprint } from "../../domain/Fingerprint.js"
import * as Bytes from "../../protocol/Bytes.js"
import { type Card, type LanIntroduction, Neighbourhood } from "../lan/Neighbourhood.js"
import type { AddressBudget } from "../peer/path/AddressBudget.js"
import { NEVER } from "../support/Deadline.js"
import type { HostAddress } from "./HostCandidates.js"
import type { OfferedIntroduction } from "./Introductions.js"
import type { PeerInfo } from "./PeerInfo.js"

export interface LanRendezvousOptions {
  readonly crypto: Crypto
  /** Fresh unpredictable bytes. */
  readonly random: (length: number) => Uint8Array
  /** What may go to addresses of which nobody has answered. */
  readonly budget?: AddressBudget
  /** UDP port of the peer link for IPv4. */
  readonly port: number
  /** This machine's addresses at the start. */
  readonly addresses: ReadonlyArray<HostAddress>
}

/**
 * The local network as a place to meet (docs/protocol.md §4): shows us there, lists and introduces who is there, tells
 * who comes and goes.
 *
 * Life: nothing happens before `show`, which names us, and nobody is found. From then on the driver is to announce us
 * (`pollJoin`), and hands in whom it hears. What is asked in the first second waits for the network to answer. `list`
 * and `query` are answered exactly once each (`Listed`, `Found`, `NotFound`), with the caller's `Purpose`.
 */
export class LanRendezvous<Purpose> {
  readonly #events: Array<LanEvent<Purpose>> = []
  /** Queries that the neighbourhood works on, by its id; it bounds them. */
  readonly #queries = new Map<number, Purpose>()
  /** Questions from before the network had time to answer; at most `MAX_EARLY`. */
  readonly #early: Array<{ readonly nick: string | undefined; readonly purpose: Purpose }> = []
  #machine: Neighbourhood | undefined
  #ourselves: PeerInfo | undefined
  #settledAt = NEVER
  #nextId = 0
  #shallJoin = false
  /** When joining is tried again after it failed. */
  #joinAt = NEVER
  #addresses: ReadonlySet<string>

  constructor(private readonly options: LanRendezvousOptions) {
    this.#addresses = new Set(options.addresses.map(({ address }) => address))
  }

  /** Whether a nickname, or what the list shows for one, means somebody on this network. */
  knows(nick: string): boolean {
    return this.#machine !== undefined && this.#machine.find(nick).length > 0
  }

  /** Shows us with this signed record from now on. */
  show(own: OwnCard, now: number): void {
    if (this.#machine === undefined) {
      const isOwn = (address: string) => this.#addresses.has(address)
      this.#machine = new Neighbourhood({ ...this.options, signKeys: own.signKeys, isOwn }, now)
      this.#settledAt = now + SETTLE
      this.#shallJoin = true
    }
    this.#machine.setRecord(own.record, own.nick, now)
    this.#ourselves = { nick: own.nick, address: own.address, fingerprint: own.fingerprint }
    this.#drain()
  }

  /** Everybody whose card we hold, ourselves first. */
  list(purpose: Purpose, now: number): void {
    if (this.#isEarly(now)) this.#early.push({ nick: undefined, purpose })
    else this.#list(purpose)
  }

  query(nick: string, purpose: Purpose, now: number): void {
    if (!this.knows(nick) && this.#isEarly(now)) this.#early.push({ nick, purpose })
    else this.#query(nick, purpose, now)
  }

  /** This machine's addresses, as they are now. */
  handleAddresses(addresses: ReadonlyArray<HostAddress>): void {
    this.#addresses = new Set(addresses.map(({ address }) => address))
  }

  handleDatagram(from: Endpoint.Endpoint, data: Uint8Array, now: number): void {
    this.#machine?.handleDatagram(from, data, now)
    this.#drain()
  }

  /** `name` is announced at this endpoint. */
  handleFound(name: string, endpoint: Endpoint.Endpoint, now: number): void {
    this.#machine?.found(name, endpoint, now)
    this.#drain()
  }

  handleGone(name: string): void {
    this.#machine?.lost(name)
    this.#drain()
  }

  /** The local network cannot be asked now; it is tried again by itself. */
  handleJoinFailed(message: string, now: number): void {
    this.#joinAt = now + RETRY
    this.#events.push({ _tag: "Lost", message, retryInMs: RETRY })
  }

  handleTimeout(now: number): void {
    if (now >= this.#joinAt) {
      this.#joinAt = NEVER
      this.#shallJoin = true
    }
    if (now >= this.#settledAt) {
      for (const { nick, purpose } of this.#early.splice(0)) {
        if (nick === undefined) this.#list(purpose)
        else this.#query(nick, purpose, now)
      }
    }
    this.#machine?.handleTimeout(now)
    this.#drain()
  }

  /** The name to announce from now on, when there is one to announce and it was not asked for before. */
  pollJoin(): string | undefined {
    if (!this.#shallJoin) return undefined
    this.#shallJoin = false
    return this.#machine!.name
  }

  /** The next packet for the socket of the local network. */
  pollTransmit(): { readonly to: Endpoint.Endpoint; readonly data: Uint8Array } | undefined {
    return this.#machine?.pollTransmit()
  }

  pollEvent(): LanEvent<Purpose> | undefined {
    return this.#events.shift()
  }

  pollTimeout(): number | undefined {
    const early = this.#early.length > 0 ? this.#settledAt : NEVER
    const next = Math.min(this.#machine?.pollTimeout() ?? NEVER, early, this.#joinAt)
    return next === NEVER ? undefined : next
  }

  #isEarly(now: number): boolean {
    return this.#machine !== undefined && now < this.#settledAt && this.#early.length < MAX_EARLY
  }

  #list(purpose: Purpose): void {
    if (this.#machine === undefined) {
      this.#events.push({ _tag: "NotFound", purpose, message: NOT_SHOWN })
      return
    }
    const entries = [this.#ourselves!, ...this.#machine.list().map(infoOf)]
    this.#events.push({ _tag: "Listed", purpose, entries })
  }

  #query(nick: string, purpose: Purpose, now: number): void {
    if (this.#machine === undefined) {
      this.#events.push({ _tag: "NotFound", purpose, message: NOT_SHOWN })
      return
    }
    const id = this.#nextId++
    this.#queries.set(id, purpose)
    this.#machine.query(nick, id, now)
    this.#drain()
  }

  #drain(): void {
    const machine = this.#machine
    for (let event = machine?.pollEvent(); event !== undefined; event = machine?.pollEvent()) {
      switch (event._tag) {
        case "Answered":
          this.#answer(event.id, event.answer)
          break
        case "Incoming":
          this.#events.push({ _tag: "Incoming", ...offered(event.introduction) })
          break
        default:
          this.#events.push({ _tag: event._tag, ...infoOf(event.card) })
      }
    }
  }

  #answer(id: number, answer: LanIntroduction | string): void {
    const purpose = this.#queries.get(id)
    if (purpose === undefined) return
    this.#queries.delete(id)
    if (typeof answer === "string") this.#events.push({ _tag: "NotFound", purpose, message: answer })
    else this.#events.push({ _tag: "Found", purpose, introduction: offered(answer) })
  }
}

/** Ourselves, as the others are to see us. */
export interface OwnCard {
  /** Ed25519. */
  readonly signKeys: KeyPair
  /** The signed record. */
  readonly record: Uint8Array
  readonly nick: string
  readonly address: string
  readonly fingerprint: Fingerprint
}

export type LanEvent<Purpose> =
  | { readonly _tag: "Listed"; readonly purpose: Purpose; readonly entries: ReadonlyArray<PeerInfo> }
  | { readonly _tag: "Found"; readonly purpose: Purpose; readonly introduction: OfferedIntroduction }
  /** `message` is a sentence for people. */
  | { readonly _tag: "NotFound"; readonly purpose: Purpose; readonly message: string }
  | ({ readonly _tag: "Incoming" } & OfferedIntroduction)
  | ({ readonly _tag: "Joined" | "Left" | "Changed" } & PeerInfo)
  /** The local network cannot be asked; it is tried again in `retryInMs`. */
  | { readonly _tag: "Lost"; readonly message: string; readonly retryInMs: number }

const infoOf = ({ endpoint, fingerprint, label }: Card): PeerInfo => ({
  nick: label,
  address: Endpoint.format(endpoint),
  fingerprint
})

const offered = ({ channel, endpoint, nick, pairKey, record }: LanIntroduction): OfferedIntroduction => ({
  nick,
  address: Endpoint.format(endpoint),
  record: Bytes.toBase64Url(record),
  candidates: [Endpoint.format(endpoint)],
  isHere: Endpoint.scope(endpoint) === "loopback",
  isFresh: true,
  channel: Bytes.toBase64Url(channel),
  pairKey: Bytes.toBase64Url(pairKey)
})

const NOT_SHOWN = "you have no nickname yet: take one first"

/** Milliseconds until whoever is here has answered the first question, on Wi-Fi too. */
const SETTLE = 1_000
/** Questions of the first second that wait. */
const MAX_EARLY = 64
/** Milliseconds between attempts to look for others. */
const RETRY = 30_000
