import type * as Endpoint from "../../domain/Endpoint.js"
import * as Stun from "../../protocol/Stun.js"
import * as Behaviour from "./Behaviour.js"
import { type NatReport, NO_TRANSLATION } from "./NatReport.js"
import { keyOf, mappedOf, type Patience, type Random, same, Transaction } from "./Transaction.js"

/**
 * Two fresh sockets, which have sent nothing before. `first` asks all servers, for the mapping. `second` sends only to
 * the server's first endpoint, so that a packet from anywhere else can only reach it when the filter lets it in
 * unasked.
 */
export type Socket = "first" | "second"

export interface DiscoveryOptions {
  /** The server's first endpoint; its family is the one examined. */
  readonly server: Endpoint.Endpoint
  /**
   * Another port of the server that answers CHANGE-REQUEST: known for a parley server, otherwise learned from
   * OTHER-ADDRESS.
   */
  readonly secondPort?: number
  /** Further STUN servers, for the mapping alone; those beyond `MAX_OTHERS` are left out. */
  readonly others?: ReadonlyArray<Endpoint.Endpoint>
  /** Every endpoint that a socket has on this machine: its port, with each address of the machine. */
  readonly local: Readonly<Record<Socket, ReadonlyArray<Endpoint.Endpoint>>>
  readonly random: Random
}

export interface DiscoveryTransmit {
  readonly socket: Socket
  readonly to: Endpoint.Endpoint
  readonly data: Uint8Array
}

/**
 * Finds out how the NATs and firewalls of this network behave (RFC 5780 §4): mapping (§4.3), filtering (§4.4) and
 * hairpinning, all at the same time, in at most 10 s. How much can be known depends on the server. With two ports on
 * one address the middle of each scale stays open; with a second address (or another server, for the mapping) nothing
 * does.
 *
 * Silence counts as "filtered" only if the first socket got an answer from the very endpoint that was silent towards
 * the second.
 *
 * Life: it asks at once. After each call its driver drains `pollTransmit` and calls `handleTimeout` at `pollTimeout`.
 * When all is known, `pollReport` gives the report, once, and from then on nothing happens any more.
 */
export class NatDiscovery {
  readonly #options: DiscoveryOptions
  /** At most two for each socket and endpoint of the server, one for each other server and two for hairpinning. */
  readonly #probes: Array<Probe> = []
  readonly #mapped: Partial<Record<Socket, Endpoint.Endpoint>> = {}
  readonly #observations: Array<Behaviour.Observation> = []
  #rttMs: number | undefined
  #hairpin: boolean | undefined
  #reported = false

  constructor(options: DiscoveryOptions, now: number) {
    this.#options = options
    const { others = [], secondPort, server } = options
    this.#ask("mapping", "first", server, now)
    this.#ask("base", "second", server, now)
    if (secondPort !== undefined) this.#ask("mapping", "first", { ...server, port: secondPort }, now)
    for (const other of others.filter(({ family }) => family === server.family).slice(0, MAX_OTHERS)) {
      this.#ask("mapping", "first", other, now)
    }
  }

  handleDatagram(socket: Socket, from: Endpoint.Endpoint, data: Uint8Array, now: number): void {
    const message = Stun.decode(data)
    if (message === undefined) return
    const key = keyOf(message)
    const probe = this.#probes.find(({ transaction }) => transaction.pending && transaction.key === key)
    if (probe === undefined) return
    if (message.class === "request") {
      if (probe.purpose === "hairpin" && socket !== probe.socket) this.#hairpinned(now)
    } else if (message.class !== "indication" && socket === probe.socket) {
      this.#answered(probe, from, message, now)
    }
  }

  handleTimeout(now: number): void {
    for (const probe of this.#probes) if (probe.transaction.expire(now)) probe.outcome = "silence"
  }

  pollTransmit(now: number): DiscoveryTransmit | undefined {
    for (const { socket, transaction } of this.#probes) {
      const data = transaction.poll(now)
      if (data !== undefined) return { socket, to: transaction.server, data }
    }
    return undefined
  }

  pollTimeout(): number | undefined {
    let next: number | undefined
    for (const { transaction } of this.#probes) {
      const at = transaction.timeout()
      if (at !== undefined && (next === undefined || at < next)) next = at
    }
    return next
  }

  pollReport(): NatReport | undefined {
    if (this.#reported || this.#probes.some(({ transaction }) => transaction.pending)) return undefined
    this.#reported = true
    return this.#report()
  }

  #answered(probe: Probe, from: Endpoint.Endpoint, message: Stun.Message, now: number): void {
    const { server } = probe.transaction
    if (probe.purpose === "hairpin") return
    if (probe.purpose === "change-both" || probe.purpose === "change-port") {
      // The answer comes from where the request went: the server cannot answer from elsewhere, and says so or ignores
      // the wish.
      if (same(from, server)) probe.outcome = "unsupported"
      else if (same(from, probe.expected)) probe.outcome = "answer"
      else return
      probe.transaction.finish(now)
      return
    }
    if (!same(from, server)) return
    const roundTrip = probe.transaction.finish(now)
    const mapped = mappedOf(message, server)
    probe.outcome = mapped === undefined ? "unsupported" : "answer"
    if (mapped === undefined) return
    if (probe.purpose === "base") {
      this.#mapped.second = mapped
      this.#testFilter(message.attributes.otherAddress, now)
    } else {
      this.#observations.push({ server, mapped })
      this.#mapped.first ??= mapped
      if (same(server, this.#options.server)) {
        this.#rttMs = roundTrip
        this.#testMapping(message.attributes.otherAddress, now)
      }
    }
    this.#testHairpin(now)
  }

  /** RFC 5780 §4.3, tests II and III, and the corner that they leave out. */
  #testMapping(advertised: Endpoint.Endpoint | undefined, now: number): void {
    const { server } = this.#options
    const other = this.#usable(advertised)
    if (other === undefined) return
    for (const corner of [{ ...server, port: other.port }, { ...other, port: server.port }, other]) {
      const asked = this.#probes.some(
        ({ purpose, transaction }) => purpose === "mapping" && same(transaction.server, corner)
      )
      if (!asked) this.#ask("mapping", "first", corner, now)
    }
  }

  /** RFC 5780 §4.4, tests II and III at the same time: neither opens the filter for the answer to the other. */
  #testFilter(advertised: Endpoint.Endpoint | undefined, now: number): void {
    const { secondPort, server } = this.#options
    const other = this.#usable(advertised)
    if (other !== undefined) this.#ask("change-both", "second", server, now, other)
    const port = other?.port ?? secondPort
    if (port !== undefined) this.#ask("change-port", "second", server, now, { ...server, port })
  }

  /**
   * Each socket sends to the outer endpoint of the other one, as two programs of this network would that know only each
   * other's outer endpoint; each so opens its filter for the other.
   */
  #testHairpin(now: number): void {
    const { first, second } = this.#mapped
    if (first === undefined || second === undefined || this.#translated() !== true) return
    if (this.#probes.some(({ purpose }) => purpose === "hairpin")) return
    this.#hairpin = false
    this.#ask("hairpin", "first", second, now)
    this.#ask("hairpin", "second", first, now)
  }

  #hairpinned(now: number): void {
    this.#hairpin = true
    for (const { purpose, transaction } of this.#probes) if (purpose === "hairpin") transaction.finish(now)
  }

  /** The other endpoint that the server names, if both its address and its port differ from those of the first. */
  #usable(other: Endpoint.Endpoint | undefined): Endpoint.Endpoint | undefined {
    const { server } = this.#options
    if (other?.family !== server.family || other.port === 0) return undefined
    return other.address === server.address || other.port === server.port ? undefined : other
  }

  #ask(purpose: Purpose, socket: Socket, server: Endpoint.Endpoint, now: number, expected = server): void {
    const change = purpose === "change-both" ? BOTH : purpose === "change-port" ? PORT : undefined
    const transaction = new Transaction(
      { server, patience: PATIENCE, random: this.#options.random, ...(change === undefined ? {} : { change }) },
      now
    )
    this.#probes.push({ purpose, socket, transaction, expected, outcome: undefined })
  }

  #translated(): boolean | undefined {
    const { first } = this.#mapped
    return first === undefined ? undefined : !this.#options.local.first.some((endpoint) => same(endpoint, first))
  }

  #report(): NatReport {
    const { local, server } = this.#options
    const translated = this.#translated()
    const mapped = this.#mapped.first
    return {
      family: server.family,
      udp: this.#observations.length > 0,
      server: this.#observations.some((observation) => same(observation.server, server)),
      mapped,
      translated,
      portPreserved: translated === true ? local.first.some(({ port }) => port === mapped?.port) : undefined,
      mapping: translated === false ? NO_TRANSLATION : Behaviour.mappingOf(this.#observations),
      portStep: Behaviour.portStepOf(this.#observations),
      filtering: filteringOf(this.#outcome("change-both"), this.#outcome("change-port")),
      hairpin: this.#hairpin,
      rttMs: this.#rttMs
    }
  }

  /**
   * What became of a request for an answer from elsewhere; silence only where `first` proves that elsewhere is alive.
   */
  #outcome(purpose: Purpose): Outcome | undefined {
    const probe = this.#probes.find((candidate) => candidate.purpose === purpose)
    if (probe === undefined || probe.outcome !== "silence") return probe?.outcome
    return this.#observations.some((observation) => same(observation.server, probe.expected)) ? "silence" : undefined
  }
}

/** Further servers beside the first one: two make sure of the mapping, more only take time. */
export const MAX_OTHERS = 4

/**
 * Requests at 0, 0.5, 1.5 and 3.5 s, given up at 5 s: with 5 % loss each way silence is an accident once in 10,000
 * times, and nobody waits longer than that twice.
 */
const PATIENCE: Patience = { sends: 4, lastWaitMs: 1_500 }

const BOTH = { address: true, port: true }
const PORT = { address: false, port: true }

/**
 * `base` opens the filter towards the server's first endpoint alone; the `change` probes then ask for answers from
 * elsewhere.
 */
type Purpose = "mapping" | "base" | "change-both" | "change-port" | "hairpin"

type Outcome = "answer" | "silence" | "unsupported"

interface Probe {
  readonly purpose: Purpose
  readonly socket: Socket
  readonly transaction: Transaction
  /** The endpoint that the answer comes from when the server and the filter let it. */
  readonly expected: Endpoint.Endpoint
  outcome: Outcome | undefined
}

const filteringOf = (both: Outcome | undefined, port: Outcome | undefined): Behaviour.Range => {
  if (both === "answer") return Behaviour.exactly("endpoint-independent")
  if (port === "silence") return Behaviour.exactly("address-and-port-dependent")
  const best = both === "silence" ? "address-dependent" : "endpoint-independent"
  return { best, worst: port === "answer" ? "address-dependent" : "address-and-port-dependent" }
}
