import type { Endpoint } from "../../domain/Endpoint.js"
import { type Rate, TokenBucket } from "../support/TokenBucket.js"
import { SourceBuckets } from "./SourceBuckets.js"

/**
 * Bounds the datagrams of each IPv4 address and each IPv6 /64, and of all together. Sources of datagrams can be forged,
 * so memory is bounded by forgetting the source that was quiet longest: a flood from ever new sources gets through
 * this, and is stopped by the rate of all.
 */
export class SourceLimiter {
  readonly #sources: SourceBuckets
  readonly #all: TokenBucket

  constructor(each: Rate, all: Rate, now: number) {
    this.#sources = new SourceBuckets(each)
    this.#all = new TokenBucket(all, now)
  }

  /**
   * Whether one more datagram from here is within the rates; counts it when it is. `isKnown`: somebody is known to be
   * there, and does not share with forged sources what is for all.
   */
  take(source: Endpoint, now: number, isKnown = false): boolean {
    // A source over its own rate must not use up what all share.
    return this.#sources.of(source, now).take(now) === 0 && (isKnown || this.#all.take(now) === 0)
  }

  /** Sources remembered. */
  get size(): number {
    return this.#sources.size
  }
}
