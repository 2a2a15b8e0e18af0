import * as Cidr from "../../domain/Cidr.js"
import * as Endpoint from "../../domain/Endpoint.js"
import type { Origin } from "../support/FairQueue.js"
import { type Rate, TokenBucket } from "../support/TokenBucket.js"

/**
 * What one IPv4 address, or one IPv6 /64, may take of the server.
 *
 * @since 0.1.0
 */
export interface AddressLimits {
  /** Connections at the same time. */
  readonly connections: number
  /** New connections. */
  readonly rate: Rate
  /** What all its requests may cost (`Cost`). */
  readonly work: Rate
}

/** The networks that one connection comes from, and what they have left. As an origin: the address, or the /64. */
export interface Source extends Origin {
  /** Several subscribers of one operator: an IPv4 /24, or an IPv6 /48. */
  readonly crowd: string
  /** ms until its requests may be handled; 0 when they may. */
  readonly wait: (now: number) => number
  /** They cost this much. */
  readonly charge: (now: number, cost: number) => void
  /** The connection is over. `settled`: it was in use for so long that it was no attempt. */
  readonly leave: (settled: boolean) => void
}

/**
 * Keeps one network from using up the server: bounds the connections, the new connections and the work of each IPv4
 * address and each IPv6 /64, which is what one subscriber has, and in larger measure of the /56 and the /48, which one
 * can have as well. Loopback addresses are exempt, since whoever is on the machine has better ways to hurt it and a
 * proxy or a test brings all its connections from there; so are the blocks that the operator names.
 *
 * Memory is bounded. When the table is full of networks that are in use, an address that is not in it is judged
 * together with its larger network (an IPv4 /16, an IPv6 /32) instead of being refused: those who fill the table share
 * a few places, and everybody else has their own.
 */
export class Networks {
  #limits: AddressLimits
  #exempt: ReadonlyArray<Cidr.Cidr>
  readonly #networks = new Map<string, Network>()
  #sweepAt = Number.NEGATIVE_INFINITY

  readonly #max: number

  constructor(limits: AddressLimits, exempt: ReadonlyArray<Cidr.Cidr> = [], max = MAX_NETWORKS) {
    this.#limits = limits
    this.#exempt = exempt
    this.#max = max
  }

  /** From now on these hold: who has used up something has it anew. */
  change(limits: AddressLimits, exempt: ReadonlyArray<Cidr.Cidr>, now: number): void {
    this.#limits = limits
    this.#exempt = exempt
    for (const network of this.#networks.values()) Object.assign(network, allowance(limits, network.factor, now))
  }

  /** The place of a connection that may come in, to be left once; `undefined` when it may not. */
  enter(remote: Endpoint.Endpoint, now: number): Source | undefined {
    const crowd = crowdOf(remote)
    if (this.isExempt(remote)) return { key: remote.address, crowd, wait: () => 0, charge: () => {}, leave: () => {} }
    const levels = this.#levelsOf(remote, now)
    for (const [at, level] of levels.entries()) {
      if (level.connections < level.limits.connections && level.rate.take(now) === 0) {
        level.connections++
        continue
      }
      for (const entered of levels.slice(0, at)) leaveNetwork(entered, true)
      return undefined
    }
    return {
      key: levels[0]!.key,
      crowd,
      wait: (at) => Math.max(...levels.map(({ work }) => work.wait(at))),
      charge: (at, cost) => {
        for (const { work } of levels) work.charge(at, cost)
      },
      leave: (settled) => {
        for (const level of levels) leaveNetwork(level, settled)
      }
    }
  }

  isExempt(remote: Endpoint.Endpoint): boolean {
    if (Endpoint.scope(remote) === "loopback") return true
    if (this.#exempt.length === 0) return false
    const address = Endpoint.toBytes(remote)
    return this.#exempt.some((block) => Cidr.contains(block, address))
  }

  /** Networks remembered. */
  get size(): number {
    return this.#networks.size
  }

  /** From the smallest network on. */
  #levelsOf(remote: Endpoint.Endpoint, now: number): ReadonlyArray<Network> {
    const bytes = remote.family === "ipv4" ? undefined : Endpoint.toBytes(remote)
    const levels = prefixesOf(remote.address, bytes)
    const missing = levels.filter(({ key }) => !this.#networks.has(key)).length
    if (this.#networks.size + missing > this.#max) this.#forget(now)
    const isRoom = missing === 0 || this.#networks.size + missing <= this.#max
    const own = isRoom ? levels : [this.#coarse(bytes ?? Endpoint.toBytes(remote))]
    return own.map(({ factor, key }) => this.#network(key, factor, now))
  }

  /** The larger network, or the one for all when there are too many of those as well. */
  #coarse(bytes: Uint8Array): Prefix {
    const key = prefix(bytes, bytes.length === 4 ? 2 : 4)
    const isRoom = this.#networks.size < 2 * this.#max || this.#networks.has(key)
    return isRoom ? { key, factor: FACTOR_COARSE } : { key: "all", factor: FACTOR_ALL }
  }

  #network(key: string, factor: number, now: number): Network {
    const known = this.#networks.get(key)
    if (known !== undefined) return known
    const network = { key, factor, connections: 0, ...allowance(this.#limits, factor, now) }
    this.#networks.set(key, network)
    return network
  }

  /** Drops the networks that a new one would not differ from. A full sweep, so not for every connection of a flood. */
  #forget(now: number): void {
    if (now < this.#sweepAt) return
    this.#sweepAt = now + SWEEP_EVERY_MS
    for (const [key, { connections, rate, work }] of this.#networks) {
      if (connections === 0 && rate.isFull(now) && work.isFull(now)) this.#networks.delete(key)
    }
  }
}

/** About 20 MB; the larger networks that come on top are at most as many again. */
export const MAX_NETWORKS = 65_536

/** A sweep takes a few ms. */
const SWEEP_EVERY_MS = 1000

/**
 * How many addresses' worth a larger network has: a /56 is a household with several networks, a /48 a company. One that
 * stands for all who found no place of their own has as much as a few hundred of them.
 */
const FACTOR_56 = 4
const FACTOR_48 = 16
const FACTOR_COARSE = 64
const FACTOR_ALL = 256

interface Network extends Allowance {
  readonly key: string
  readonly factor: number
  connections: number
}

/** What a network may have. */
interface Allowance {
  readonly limits: AddressLimits
  readonly rate: TokenBucket
  readonly work: TokenBucket
}

const allowance = (one: AddressLimits, factor: number, now: number): Allowance => {
  const limits = scaled(one, factor)
  return { limits, rate: new TokenBucket(limits.rate, now), work: new TokenBucket(limits.work, now) }
}

interface Prefix {
  readonly key: string
  readonly factor: number
}

const leaveNetwork = (network: Network, settled: boolean): void => {
  network.connections--
  if (settled) network.rate.giveBack(1)
}

const scaled = ({ connections, rate, work }: AddressLimits, factor: number): AddressLimits => ({
  connections: connections * factor,
  rate: { burst: rate.burst * factor, perSecond: rate.perSecond * factor },
  work: { burst: work.burst * factor, perSecond: work.perSecond * factor }
})

/** `bytes`: none for an IPv4 address, whose text is its key. */
const prefixesOf = (address: string, bytes: Uint8Array | undefined): ReadonlyArray<Prefix> =>
  bytes === undefined
    ? [{ key: address, factor: 1 }]
    : [
        { key: prefix(bytes, 8), factor: 1 },
        { key: prefix(bytes, 7), factor: FACTOR_56 },
        { key: prefix(bytes, 6), factor: FACTOR_48 }
      ]

const prefix = (bytes: Uint8Array, length: number): string => `${bytes.subarray(0, length).join(".")}/${8 * length}`

const crowdOf = (remote: Endpoint.Endpoint): string =>
  remote.family === "ipv4"
    ? remote.address.slice(0, remote.address.lastIndexOf("."))
    : prefix(Endpoint.toBytes(remote), 6)

/** One name for all that one subscriber has: the IPv4 address, or the /64 of an IPv6 address. */
export const sourceOf = (remote: Endpoint.Endpoint): string =>
  remote.family === "ipv4" ? remote.address : prefix(Endpoint.toBytes(remote), 8)
