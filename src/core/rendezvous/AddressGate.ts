import * as Endpoint from "../../domain/Endpoint.js"
import { type Rate, TokenBucket } from "../support/TokenBucket.js"

export interface AddressLimits {
  /** Connections at the same time. */
  readonly connections: number
  /** New connections. */
  readonly rate: Rate
}

/**
 * Keeps one address from using up the server: bounds the connections and the new connections of each IPv4 address and
 * each IPv6 /64, which is what one subscriber has. Loopback addresses are exempt: whoever is on the machine has better
 * ways to hurt it, and a proxy or a test brings all its connections from there.
 */
export class AddressGate {
  #sources = new Map<string, Source>()
  #sweepAt = Number.NEGATIVE_INFINITY

  constructor(private readonly limits: AddressLimits) {}

  /** Whether a connection from here may come in. Each `true` must be followed by one `leave`. */
  enter(remote: Endpoint.Endpoint, now: number): boolean {
    if (isExempt(remote)) return true
    const key = sourceOf(remote)
    let source = this.#sources.get(key)
    if (source === undefined) {
      if (this.#sources.size >= MAX_SOURCES) this.#forget(now)
      if (this.#sources.size >= MAX_SOURCES) return false
      source = { connections: 0, bucket: new TokenBucket(this.limits.rate, now) }
      this.#sources.set(key, source)
    }
    if (source.connections >= this.limits.connections || source.bucket.take(now) > 0) return false
    source.connections++
    return true
  }

  leave(remote: Endpoint.Endpoint): void {
    if (isExempt(remote)) return
    const source = this.#sources.get(sourceOf(remote))
    if (source !== undefined) source.connections--
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#sources.size
  }

  /** Drops the sources that a new one would not differ from. A full sweep, so not for every connection of a flood. */
  #forget(now: number): void {
    if (now < this.#sweepAt) return
    this.#sweepAt = now + SWEEP_EVERY_MS
    for (const [key, source] of this.#sources) {
      if (source.connections === 0 && source.bucket.isFull(now)) this.#sources.delete(key)
    }
  }
}

/**
 * About 10 MB. Beyond it, with nobody to forget, new addresses wait: a flood from that many networks is not told from a
 * crowd.
 */
export const MAX_SOURCES = 65_536

/** A sweep takes a few ms. */
const SWEEP_EVERY_MS = 1000

interface Source {
  connections: number
  readonly bucket: TokenBucket
}

const isExempt = (remote: Endpoint.Endpoint): boolean => Endpoint.scope(remote) === "loopback"

/** One name for all that one subscriber has: the IPv4 address, or the /64 of an IPv6 address. */
export const sourceOf = (remote: Endpoint.Endpoint): string =>
  remote.family === "ipv4" ? remote.address : Endpoint.toBytes(remote).subarray(0, 8).join(".")
