import type { Endpoint } from "../../domain/Endpoint.js"
import { LinkedMap } from "../support/LinkedMap.js"
import { type Rate, TokenBucket } from "../support/TokenBucket.js"
import { sourceOf } from "./Networks.js"

/**
 * Bounds the datagrams of each IPv4 address and each IPv6 /64, which is what one subscriber has, and of all together.
 * Sources of datagrams can be forged, so memory is bounded by forgetting the source that was quiet longest: a flood
 * from ever new sources gets through this, and is stopped by the rate of all.
 */
export class SourceLimiter {
  /** In the order of last use. */
  readonly #sources = new LinkedMap<string, TokenBucket>()
  readonly #each: Rate
  readonly #all: TokenBucket

  constructor(each: Rate, all: Rate, now: number) {
    this.#each = each
    this.#all = new TokenBucket(all, now)
  }

  /**
   * Whether one more datagram from here is within the rates; counts it when it is. `isKnown`: somebody is known to be
   * there, and does not share with forged sources what is for all.
   */
  take(source: Endpoint, now: number, isKnown = false): boolean {
    const key = sourceOf(source)
    let bucket = this.#sources.get(key)
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#each, now)
      const oldest = this.#sources.size >= MAX_SOURCES ? this.#sources.oldest() : undefined
      if (oldest !== undefined) this.#sources.delete(oldest.key)
    }
    this.#sources.set(key, bucket)
    // A source over its own rate must not use up what all share.
    return bucket.take(now) === 0 && (isKnown || this.#all.take(now) === 0)
  }

  /** Sources remembered. */
  get size(): number {
    return this.#sources.size
  }
}

/** About 3 MB; more subscribers than ask within the seconds that a bucket takes to fill. */
export const MAX_SOURCES = 16_384
