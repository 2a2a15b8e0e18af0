import * as Either from "effect/Either"
import type { Crypto, KeyPair } from "../../domain/Crypto.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Fingerprint from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as Lan from "../../protocol/Lan.js"
import * as PeerRecord from "../../protocol/PeerRecord.js"
import { AddressBudget } from "../peer/path/AddressBudget.js"
import type { Standing } from "../peer/Route.js"
import { type Rate, TokenBucket } from "../support/TokenBucket.js"
import { COOKIE_LIFE, Neighbour } from "./Neighbour.js"

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
  /** Our Ed25519 keys. */
  readonly signKeys: KeyPair
  /** Fresh unpredictable bytes. */
  readonly random: (length: number) => Uint8Array
  /** Whether this machine has the address, besides those of loopback. */
  readonly isOwn: (address: string) => boolean
  /** UDP port of our peer link. */
  readonly port: number
  /** What may go to addresses of which nobody has answered, shared with the peer link. */
  readonly budget?: AddressBudget
}

/**
 * Peers on one local network, without a server (docs/protocol.md §4).
 *
 * Life: whoever is announced (`found`) is asked for its card until it shows it, and then counts as present. `query`
 * asks somebody for its card once more, and invites it with the cookie in it: the invitation carries our own card, its
 * answer theirs, and both sides derive the same introduction. A record that is not signed by the identity that its name
 * stands for is nobody's.
 *
 * A card is signed together with the question that it answers and the address where it was asked, and whoever is asked
 * at an address that it does not have is silent; so nobody can show another's card, or have it shown for an address of
 * his own. An invitation is signed together with a cookie that its receiver gave to that very address: so it cannot be
 * shown from elsewhere or later, and is taken once.
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
  readonly #budget: AddressBudget
  readonly #nonce: Uint8Array
  readonly #secret: Uint8Array
  #record: Uint8Array | undefined
  #ownKey: string | undefined

  constructor(
    private readonly options: NeighbourhoodOptions,
    now: number
  ) {
    this.name = Lan.nameOf(options.crypto, options.signKeys.publicKey)
    this.#nonce = options.random(Lan.NONCE_BYTES)
    this.#secret = options.random(SECRET_BYTES)
    this.#limiter = new TokenBucket(CARD_RATE, now)
    this.#budget = options.budget ?? new AddressBudget()
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
    if (neighbour.card !== undefined) this.#events.push({ _tag: "Left", card: this.#describe(neighbour) })
  }

  /** Everybody whose card we hold, by nickname. */
  list(): ReadonlyArray<Card> {
    return [...this.#neighbours.values()]
      .filter(({ card }) => card !== undefined)
      .map((neighbour) => this.#describe(neighbour))
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

  handleDatagram(from: Endpoint.Endpoint, data: Uint8Array, now: number): void {
    const packet = Lan.decode(data)
    if (packet === undefined || packet.to !== this.name || packet.sender === this.name || !isLocal(from)) return
    if (packet.kind === "card") {
      this.#handleCard(packet, from, now)
      return
    }
    if (this.#record === undefined || !this.#isHere(packet.at)) return
    if (packet.kind === "invite" && !this.#isCookie(packet.cookie, packet.sender, from, now)) return
    if (this.#limiter.take(now) > 0) return
    this.#budget.onHeard(from, data.length, now)
    if (packet.kind === "ask" || this.#handleInvitation(packet, from, now)) this.#show(packet, from, now)
  }

  #handleCard(packet: SignedCard, from: Endpoint.Endpoint, now: number): void {
    const neighbour = this.#neighbours.get(packet.sender)
    const asked = neighbour?.answers(packet.question)
    if (neighbour === undefined || asked === undefined) return
    // Only who is there has seen the question.
    if (isSame(from, asked.at)) this.#budget.onProven(from)
    // Whatever address it comes from: its signer has said that it is at this one.
    if (!isSame(packet.at, asked.at) || !this.#accept(neighbour, packet, asked.at)) return
    if (asked.cookie === undefined) {
      neighbour.asked(packet.cookie, now)
      this.#work(now)
      return
    }
    for (const id of neighbour.answered())
      this.#events.push({ _tag: "Answered", id, answer: this.#introduce(neighbour) })
  }

  /** Whether it is to be answered: it is its sender's, and not one too many. */
  #handleInvitation(packet: SignedCard, from: Endpoint.Endpoint, now: number): boolean {
    const known = this.#neighbours.get(packet.sender)
    if (known === undefined && this.#neighbours.size >= MAX_NEIGHBOURS) return false
    const neighbour = known ?? new Neighbour(packet.sender, from, now)
    if (!this.#accept(neighbour, packet, from)) return false
    this.#neighbours.set(packet.sender, neighbour)
    const invited = neighbour.invited(packet.question, now)
    if (invited === "new") this.#events.push({ _tag: "Incoming", introduction: this.#introduce(neighbour) })
    return invited !== undefined
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
    const { random } = this.options
    for (const neighbour of this.#neighbours.values()) {
      const question = neighbour.due(now, random)
      if (question === undefined) continue
      const { at, bytes, cookie } = question
      const head = { to: neighbour.name, sender: this.name, question: bytes, at }
      const packet = cookie === undefined ? ({ kind: "ask", ...head } as const) : this.#card("invite", head, cookie)
      this.#send(at, packet, "named", now)
    }
  }

  /** Answers a question with our own card. */
  #show({ at, question, sender }: Lan.LanPacket, from: Endpoint.Endpoint, now: number): void {
    const head = { to: sender, sender: this.name, question, at }
    this.#send(from, this.#card("card", head, this.#cookieFor(sender, from, slotOf(now))), "seen", now)
  }

  #card(kind: Lan.LanCard["kind"], head: Omit<Lan.LanQuestion, "kind">, cookie: Uint8Array): Lan.LanCard {
    return { kind, ...head, nonce: this.#nonce, port: this.options.port, cookie, record: this.#record! }
  }

  #send(to: Endpoint.Endpoint, packet: Lan.LanPacket, standing: Standing, now: number): void {
    const { crypto, signKeys } = this.options
    if (this.#output.length >= MAX_OUTPUT) return
    const data = Lan.encode(crypto, packet, signKeys.secretKey)
    const isAllowed = this.#budget.charge({ route: { _tag: "Direct", endpoint: to }, data, standing }, now)
    if (isAllowed) this.#output.push({ to, data })
  }

  /** Whether this is where we are, as far as this machine knows: our card is shown under no other address. */
  #isHere(at: Endpoint.Endpoint): boolean {
    return Endpoint.scope(at) === "loopback" || this.options.isOwn(at.address)
  }

  /** What somebody at this address has to show with an invitation: nothing has to be remembered of it. */
  #cookieFor(name: Lan.LanName, from: Endpoint.Endpoint, slot: number): Uint8Array {
    const whom = Bytes.fromText(`${name} ${Endpoint.format(from)} ${slot}`)
    return this.options.crypto.hash(Lan.COOKIE_BYTES, [COOKIE_LABEL, whom], this.#secret)
  }

  #isCookie(cookie: Uint8Array, name: Lan.LanName, from: Endpoint.Endpoint, now: number): boolean {
    const slot = slotOf(now)
    return [slot, slot - 1].some((one) => Bytes.equal(cookie, this.#cookieFor(name, from, one)))
  }

  /**
   * Takes over what a packet says of its sender; `false` when it is not what its name stands for, or not signed by it.
   * Whether the record has expired is not asked: its owner has just signed it together with our question or our cookie,
   * and says so by a clock that may be wrong, as ours may be; here is no server that knows better.
   */
  #accept(neighbour: Neighbour, packet: SignedCard, from: Endpoint.Endpoint): boolean {
    const { crypto } = this.options
    const before = neighbour.card
    const endpoint = { ...from, port: packet.port }
    if (before === undefined || !Bytes.equal(before.bytes, packet.record)) {
      const verified = PeerRecord.verify(crypto, packet.record, PeerRecord.ANY_TIME)
      if (Either.isLeft(verified)) return false
      const { identity, nick } = verified.right
      const parsed = Nickname.parse(nick)
      if (Lan.nameOf(crypto, identity) !== packet.sender || Either.isLeft(parsed) || parsed.right.text !== nick)
        return false
      if (!crypto.verify(packet.signature, packet.signed, identity)) return false
      const fingerprint = Fingerprint.of(crypto, identity)
      neighbour.card = { bytes: packet.record, identity, nick, fingerprint, nonce: packet.nonce, endpoint }
    } else {
      if (!crypto.verify(packet.signature, packet.signed, before.identity)) return false
      neighbour.card = { ...before, nonce: packet.nonce, endpoint }
    }
    neighbour.endpoint = from
    if (before === undefined) this.#events.push({ _tag: "Joined", card: this.#describe(neighbour) })
    else if (!Bytes.equal(before.nonce, packet.nonce))
      this.#events.push({ _tag: "Changed", card: this.#describe(neighbour) })
    return true
  }

  #describe({ card }: Neighbour): Card {
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
    const { crypto, signKeys } = this.options
    const card = neighbour.card!
    const own = { identity: signKeys.publicKey, nonce: this.#nonce }
    return { ...this.#describe(neighbour), record: card.bytes, ...Lan.introduce(crypto, own, card) }
  }
}

/** Tells people of the same nickname apart. */
export const labelOf = ({ fingerprint, nick }: { readonly fingerprint: string; readonly nick: string }): string =>
  `${nick}#${fingerprint.slice(0, 5)}`

/** Multicast DNS does not cross routers; nor do we believe what says that it did. */
const isLocal = (endpoint: Endpoint.Endpoint): boolean => LOCAL.has(Endpoint.scope(endpoint)) && endpoint.port !== 0

type SignedCard = Extract<Lan.Decoded, { readonly kind: "card" | "invite" }>

const isSame = (left: Endpoint.Endpoint, right: Endpoint.Endpoint): boolean =>
  left.address === right.address && left.port === right.port

/** Cookies change from one of these to the next, and are good in two. */
const slotOf = (now: number): number => Math.floor(now / (COOKIE_LIFE / 2))

const LOCAL: ReadonlySet<Endpoint.Scope> = new Set(["private", "link", "loopback"])

/** A conference's worth; more announcements than that are somebody's joke. */
export const MAX_NEIGHBOURS = 512
/** Unanswered queries for one neighbour: a person makes one. */
const MAX_QUERIES = 16
/** One packet for each neighbour, and some answers; the driver drains after every call. */
const MAX_OUTPUT = 2 * MAX_NEIGHBOURS
/** Each card costs a signature, and each invitation two checks: three thousandths of a core. */
const CARD_RATE: Rate = { burst: 100, perSecond: 20 }

/** A BLAKE2b key of full strength. */
const SECRET_BYTES = 32
const COOKIE_LABEL = Bytes.fromText("parley lan cookie v2")
const NOBODY = "nobody on this network has that nickname"
const GONE = "nobody answers under that nickname on this network"
