import type * as Endpoint from "../../domain/Endpoint.js"
import { PacketType } from "../../protocol/DataPacket.js"
import type { Guess } from "../../protocol/Frame.js"
import * as Stun from "../../protocol/Stun.js"
import { around, next, type PortRange } from "../nat/PortGuess.js"
import { keyOf, mappedOf, type Patience, type Random, same, Transaction } from "../nat/Transaction.js"
import type { Sought } from "../peer/PortSearches.js"
import { MAX_OPENS, PACE } from "../peer/path/PortOpener.js"
import type { Transmit } from "../peer/Route.js"
import { NEVER } from "../support/Deadline.js"
import { TokenBucket } from "../support/TokenBucket.js"

/**
 * One search for a port of our own NAT that a peer's filter lets in, as `PortGuessing` begins it.
 *
 * New sockets send a byte to where the peer's NAT has its port, and so open ports of ours. What a server sees of the
 * first few tells how our NAT chooses ports. Where it counts, the peer tries the ones that come next, which a dozen
 * sockets are enough for. Where it does not, or that was in vain, `MANY` sockets and `MAX_OPENS` guesses of the peer
 * find each other in 98 of 100 searches, as birthdays do in a crowd.
 *
 * Its driver opens as many sockets as `wanted` says and tells them (`opened`), sends what `pollTransmit` gives, gives
 * `pollGuess` to the peer, and calls `handleTimeout` at `timeout`, until it `isOver`.
 */
export class PortSearch {
  readonly #server: Endpoint.Endpoint
  readonly #random: Random
  readonly sought: Sought
  #stage: "few" | "many" = "few"
  /** Sockets that the driver is to open. */
  #wanted = FEW
  /** What a server sees of the first sockets, in their order. */
  #questions: ReadonlyArray<Question> = []
  /** Sockets whose ports are not opened yet, at one of the peer's endpoints each time. */
  readonly #closed: Array<{ readonly socket: number; readonly target: Sought["targets"][number] }> = []
  readonly #pace: TokenBucket
  #openAt = NEVER
  #guess: Guess | undefined
  /** When this stage has been in vain. */
  #endAt: number
  isOver = false

  constructor(sought: Sought, server: Endpoint.Endpoint, random: Random, now: number) {
    this.sought = sought
    this.#server = server
    this.#random = random
    this.#pace = new TokenBucket(PACE, now)
    this.#endAt = now + OPENING
  }

  /** How many more sockets are to be opened: once each time. */
  takeWanted(): number {
    const wanted = this.#wanted
    this.#wanted = 0
    return wanted
  }

  /** These are open, all that were wanted or as many as the system has. */
  opened(sockets: ReadonlyArray<number>, now: number): void {
    const asks = this.#questions.length === 0 ? SAMPLES : 0
    if (asks > 0)
      this.#questions = sockets.slice(0, asks).map((socket) => ({
        socket,
        transaction: new Transaction({ server: this.#server, patience: PATIENCE, random: this.#random }, now),
        port: undefined
      }))
    for (const socket of sockets.slice(asks))
      for (const target of this.sought.targets) this.#closed.push({ socket, target })
    this.#openAt = now
    this.#endAt = NEVER
    if (sockets.length === 0) this.isOver = true
  }

  /** An answer of the server through one of the sockets. */
  handleStun(socket: number, from: Endpoint.Endpoint, data: Uint8Array, now: number): void {
    const message = Stun.decode(data)
    const question = this.#questions.find((one) => one.socket === socket)
    if (message === undefined || question?.transaction.pending !== true || !same(from, this.#server)) return
    if (keyOf(message) !== question.transaction.key) return
    question.transaction.finish(now)
    question.mapped = mappedOf(message, this.#server)
    this.#advance(now)
  }

  handleTimeout(now: number): void {
    for (const { transaction } of this.#questions) transaction.expire(now)
    if (now >= this.#endAt && this.#stage === "few") this.#goOn(now)
    else if (now >= this.#endAt) this.isOver = true
    this.#advance(now)
  }

  get timeout(): number {
    const questions = this.#questions.map(({ transaction }) => transaction.timeout() ?? NEVER)
    return Math.min(this.#endAt, this.#closed.length > 0 ? this.#openAt : NEVER, ...questions)
  }

  /** The next packet: questions first, so that what they show comes before what is to be guessed. */
  pollTransmit(now: number): Transmit | undefined {
    for (const { socket, transaction } of this.#questions) {
      const data = transaction.poll(now)
      if (data !== undefined) return { route: { _tag: "Direct", endpoint: transaction.server, socket }, data }
    }
    if (now < this.#openAt || this.#closed.length === 0) return undefined
    if (this.#pace.take(now) > 0) {
      this.#openAt = now + this.#pace.wait(now, AT_ONCE)
      return undefined
    }
    const { socket, target } = this.#closed.shift()!
    const { endpoint, standing } = target
    this.#advance(now)
    return { route: { _tag: "Direct", endpoint, socket }, data: Uint8Array.of(PacketType.open), standing }
  }

  /** What the peer is to try, once each time. */
  pollGuess(): Guess | undefined {
    const guess = this.#guess
    this.#guess = undefined
    return guess
  }

  /** All ports are open, and all that the server has to say is known: it is the peer's turn. */
  #advance(now: number): void {
    if (this.#endAt !== NEVER || this.#closed.length > 0 || this.isOver) return
    if (this.#questions.some(({ transaction }) => transaction.pending)) return
    const [outer, ...others] = this.#questions.flatMap(({ mapped }) => mapped ?? [])
    if (outer === undefined) {
      this.isOver = true
      return
    }
    const ports = [outer, ...others].filter(({ address }) => address === outer.address).map(({ port }) => port)
    const range = this.#stage === "few" ? next(ports) : around(ports)
    if (range === undefined) this.#goOn(now)
    else this.#ask(outer, range, now)
  }

  #ask(outer: Endpoint.Endpoint, { first, ports, stride }: PortRange, now: number): void {
    const count = Math.min(ports, MAX_OPENS)
    this.#guess = { _tag: "Guess", first: { ...outer, port: first }, stride, ports, count }
    this.#endAt = now + (Math.max(0, count - PACE.burst) * 1_000) / PACE.perSecond + ANSWER
  }

  #goOn(now: number): void {
    this.#stage = "many"
    this.#wanted = MANY - FEW
    this.#endAt = now + OPENING
  }
}

interface Question {
  readonly socket: number
  readonly transaction: Transaction
  /** Where the server sees the socket. */
  mapped?: Endpoint.Endpoint | undefined
}

/** Sockets whose ports are asked for: three steps show whether a NAT counts, though others open ports as well. */
const SAMPLES = 4
/** Sockets for a NAT that counts: some more, because a packet may be lost. */
const FEW = SAMPLES + 8
/** Sockets where it does not: a fourth of what a process may have open as a rule. */
const MANY = 256
/** Packets that go together when there are many, so that a timer does for all of them. */
const AT_ONCE = 10
/** ms for the system to open sockets. */
const OPENING = 5_000
/** ms until something has come of the peer's last packet: its frame may have to be sent again, and ours too. */
const ANSWER = 2_500
/** Requests at 0, 0.5 and 1.5 s, given up at 3 s. */
const PATIENCE: Patience = { sends: 3, lastWaitMs: 1_500 }
