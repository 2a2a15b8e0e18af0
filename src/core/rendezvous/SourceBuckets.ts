import type { Endpoint } from "../../domain/Endpoint.js"
import { LinkedMap } from "../support/LinkedMap.js"
import { type Rate, TokenBucket } from "../support/TokenBucket.js"
import { sourceOf } from "./Networks.js"

/**
 * A bucket for each IPv4 address and each IPv6 /64, which is what one subscriber has. When there are `MAX_SOURCES`, the
 * one that was asked for longest ago makes room.
 */
export class SourceBuckets {
  readonly #rate: Rate
  /** In the order of last use. */
  readonly #buckets = new LinkedMap<string, TokenBucket>()

  constructor(rate: Rate) {
    this.#rate = rate
  }

  of(source: Endpoint, now: number): TokenBucket {
    const key = sourceOf(source)
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#rate, now)
      const oldest = this.#buckets.size >= MAX_SOURCES ? this.#buckets.oldest() : undefined
      if (oldest !== undefined) this.#buckets.delete(oldest.key)
    }
    this.#buckets.set(key, bucket)
    return bucket
  }

  get size(): number {
    return this.#buckets.size
  }
}

/** About 3 MB; more subscribers than ask within the seconds that a bucket takes to fill. */
export const MAX_SOURCES = 16_384
