import type * as Endpoint from "../../domain/Endpoint.js"
import * as Stun from "../../protocol/Stun.js"
import * as Behaviour from "./Behaviour.js"
import { keyOf, mappedOf, type Patience, type Random, same, Transaction } from "./Transaction.js"

export interface ReflexiveOptions {
  /**
   * Ports of the rendezvous server's reflector first, then other STUN servers. Those beyond `MAX_SERVERS` are left out.
   */
  readonly servers: ReadonlyArray<Endpoint.Endpoint>
  readonly random: Random
}

/** How the internet sees our socket of one address family. */
export interface Reflexive {
  readonly family: Endpoint.Family
  /** Server-reflexive candidates, at most `MAX_REFLEXIVE`, the best first; none when no server answers. */
  readonly candidates: ReadonlyArray<Endpoint.Endpoint>
  /**
   * What the NAT's mapping depends on. A `best` beyond endpoint-independent means a hard NAT: peers see yet another
   * port.
   */
  readonly mapping: Behaviour.Range
  /**
   * Whether a server has seen us at another endpoint since the event before: the network changed or the NAT restarted,
   * so paths to peers are in doubt.
   */
  readonly moved: boolean
}

/**
 * Finds out, and keeps knowing, where the internet sees the program's own UDP sockets: a STUN client that shares them
 * with the peer link.
 *
 * In each round it asks all servers at once. The first answer makes a candidate; the second one, from another port,
 * tells a mapping that is the same for all destinations from a hard one. Every 20 to 27 s a new round keeps the mapping
 * alive and notices a new one. A server that saw us move throws doubt on what the others said before, so those are
 * asked again at once.
 *
 * Life: it is idle until `start`. After each call its driver drains `pollTransmit` and `pollEvent` and calls
 * `handleTimeout` at `pollTimeout`. An event is the whole state of one family, and replaces an older one that was not
 * fetched, so nothing grows. An answer counts only when it comes from the server that was asked and has the
 * transaction's id. A server may still lie, which is why peers send nothing but small probes to a candidate.
 */
export class ReflexiveProbe {
  readonly #random: Random
  #targets: ReadonlyArray<Target>
  /** When the next round begins; `undefined` while idle. */
  #nextRound: number | undefined
  readonly #events = new Map<Endpoint.Family, Reflexive>()
  readonly #told = new Map<Endpoint.Family, Reflexive>()
  /** Whether a family will be told of when time has passed, even if nothing else happens. */
  #isUndecided = false

  constructor(options: ReflexiveOptions) {
    this.#random = options.random
    this.#targets = targets(options.servers)
  }

  /** Begins to ask for candidates; without effect when it has begun already. */
  start(now: number): void {
    this.#nextRound ??= now
  }

  /** Stops: no server is asked any more, and no event comes. */
  stop(): void {
    this.#nextRound = undefined
    for (const target of this.#targets) target.transaction = undefined
  }

  /** Replaces the servers, and asks all that are not being asked. What is known from those that stay is kept. */
  setServers(servers: ReadonlyArray<Endpoint.Endpoint>, now: number): void {
    const known = this.#targets
    this.#targets = targets(servers).map((target) => known.find(({ server }) => same(server, target.server)) ?? target)
    if (this.#nextRound !== undefined)
      for (const target of this.#targets) if (target.transaction?.pending !== true) this.#ask(target, now)
    this.#tell(now)
  }

  /** The machine's addresses changed: asks all servers now instead of in the next round. */
  networkChanged(now: number): void {
    if (this.#nextRound === undefined) return
    this.#nextRound = now
    for (const target of this.#targets) target.silent = false
  }

  /** Asks this server now, to see whether it answers. Without effect while idle. */
  check(server: Endpoint.Endpoint, now: number): void {
    const target = this.#targets.find((each) => same(each.server, server))
    if (target === undefined || this.#nextRound === undefined) return
    target.silent = false
    this.#ask(target, now)
  }

  /**
   * Handles a datagram; `true` when it was an answer to one of our requests, and so is of no interest to the peer link.
   */
  handleDatagram(from: Endpoint.Endpoint, data: Uint8Array, now: number): boolean {
    const message = Stun.decode(data)
    if (message === undefined || (message.class !== "success" && message.class !== "error")) return false
    const key = keyOf(message)
    const target = this.#targets.find(({ transaction }) => transaction?.pending === true && transaction.key === key)
    if (target === undefined || !same(target.server, from)) return false
    target.transaction?.finish(now)
    const mapped = mappedOf(message, target.server)
    target.silent = mapped === undefined
    if (mapped === undefined) target.mapped = undefined
    else if (target.mapped === undefined || same(target.mapped, mapped)) target.mapped = mapped
    else this.#move(target, mapped, now)
    this.#tell(now)
    return true
  }

  handleTimeout(now: number): void {
    let hasNews = this.#isUndecided
    for (const target of this.#targets) {
      if (target.transaction?.expire(now) !== true) continue
      target.mapped = undefined
      target.silent = true
      hasNews = true
    }
    if (this.#nextRound !== undefined && this.#nextRound <= now) {
      for (const target of this.#targets) this.#ask(target, now)
      this.#nextRound = now + REFRESH + (this.#random(1)[0]! / 255) * REFRESH_SPREAD
      hasNews = true
    }
    // It is called for each deadline of the client, few of which are ours.
    if (hasNews) this.#tell(now)
  }

  pollTransmit(now: number): { readonly to: Endpoint.Endpoint; readonly data: Uint8Array } | undefined {
    for (const { server, transaction } of this.#targets) {
      const data = transaction?.poll(now)
      if (data !== undefined) return { to: server, data }
    }
    return undefined
  }

  pollTimeout(): number | undefined {
    if (this.#nextRound === undefined) return undefined
    let next = this.#nextRound
    for (const { transaction } of this.#targets) next = Math.min(next, transaction?.timeout() ?? next)
    return next
  }

  pollEvent(): Reflexive | undefined {
    for (const [family, event] of this.#events) {
      this.#events.delete(family)
      return event
    }
    return undefined
  }

  #ask(target: Target, now: number): void {
    const patience = target.silent ? RESIGNED : PATIENT
    target.transaction = new Transaction({ server: target.server, patience, random: this.#random }, now)
  }

  /** A server sees us at another endpoint than before. So what the other servers saw before is out of date as well. */
  #move(moved: Target, mapped: Endpoint.Endpoint, now: number): void {
    for (const target of this.#targets) {
      if (target === moved || target.server.family !== moved.server.family) continue
      if (target.mapped !== undefined && target.transaction?.pending !== true) this.#ask(target, now)
      target.mapped = undefined
    }
    moved.mapped = mapped
    moved.moved = true
  }

  /** Makes an event of the state of each family that has changed since it was told last. */
  #tell(now: number): void {
    this.#isUndecided = false
    for (const family of FAMILIES) {
      const mine = this.#targets.filter(({ server }) => server.family === family)
      if (mine.length === 0 && !this.#told.has(family)) continue
      const observations = mine.flatMap(({ mapped, server }) => (mapped === undefined ? [] : [{ server, mapped }]))
      // Without any answer the state is only told when all servers have had the time to answer: three requests, which
      // is soon enough for who asks why, and is taken back when an answer comes all the same.
      const mayAnswer = ({ silent, transaction }: Target) => !silent && transaction?.isLate(SILENCE, now) !== true
      if (observations.length === 0 && mine.some(mayAnswer)) {
        this.#isUndecided = true
        continue
      }
      const moved = mine.some((target) => target.moved)
      const told = this.#told.get(family)
      const candidates = distinct(observations.map(({ mapped }) => mapped))
      const state = { family, candidates, mapping: Behaviour.mappingOf(observations), moved }
      if (told !== undefined && !moved && isSame(told, state)) continue
      for (const target of mine) target.moved = false
      // The new event replaces one that was not fetched yet; if that one told of a move, so does the new one.
      this.#events.set(family, { ...state, moved: moved || this.#events.get(family)?.moved === true })
      this.#told.set(family, state)
    }
  }
}

/** Two ports of one server, other nodes of it, and public servers, in two families; each costs two packets a round. */
export const MAX_SERVERS = 12

/**
 * Reflexive candidates of one family, of the `MAX_CANDIDATES` that a peer takes: behind a hard NAT a third guess is no
 * better than the first two.
 */
export const MAX_REFLEXIVE = 2

/**
 * Ms between rounds: NATs that forget a UDP mapping after 30 s are common, far below the two minutes of RFC 4787 REQ-5.
 */
const REFRESH = 20_000

/** Ms added at random, so that the clients of a server that restarted spread out. */
const REFRESH_SPREAD = 7_000

/**
 * Requests leave at 0, 0.5, 1.5, 3.5 and 7.5 s, and the transaction is over at 15.5 s: the waits of RFC 8489, fewer of
 * them so that a round ends before the next.
 */
const PATIENT: Patience = { sends: 5, lastWaitMs: 8_000 }

/** Ms of silence after which a family counts as one without UDP: when the fourth request leaves. */
const SILENCE = 3_500

/**
 * A server that did not answer in a whole round is asked only once in each following round: on a network without UDP
 * more would be in vain.
 */
const RESIGNED: Patience = { sends: 1, lastWaitMs: 8_000 }

const FAMILIES = ["ipv4", "ipv6"] as const

interface Target {
  readonly server: Endpoint.Endpoint
  transaction: Transaction | undefined
  /** The endpoint at which the server saw us last. */
  mapped: Endpoint.Endpoint | undefined
  /** Whether the server saw us at another endpoint than before, and no event has told that yet. */
  moved: boolean
  /** Whether the server did not answer when it was asked last, or named no usable endpoint. */
  silent: boolean
}

const targets = (servers: ReadonlyArray<Endpoint.Endpoint>): ReadonlyArray<Target> =>
  distinct(servers, MAX_SERVERS).map((server) => ({
    server,
    transaction: undefined,
    mapped: undefined,
    moved: false,
    silent: false
  }))

const distinct = (
  endpoints: ReadonlyArray<Endpoint.Endpoint>,
  most = MAX_REFLEXIVE
): ReadonlyArray<Endpoint.Endpoint> =>
  endpoints.filter((one, at) => endpoints.findIndex((other) => same(one, other)) === at).slice(0, most)

const isSame = (left: Reflexive, right: Reflexive): boolean =>
  left.candidates.length === right.candidates.length &&
  left.candidates.every((candidate, at) => same(candidate, right.candidates[at]!)) &&
  Behaviour.sameRange(left.mapping, right.mapping)
