import { randomFillSync } from "node:crypto"
import * as Layer from "effect/Layer"
import { Entropy } from "../../services/Entropy.js"

/**
 * The operating system's generator (getrandom and its equivalents, through OpenSSL's). A call costs microseconds
 * whatever the length, so short values come from a pool; each byte leaves it once, and is wiped behind it.
 */
export const layer: Layer.Layer<Entropy> = Layer.succeed(Entropy, {
  bytes: (length) => {
    if (length > POOLED) return randomFillSync(new Uint8Array(length))
    if (used + length > pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const bytes = pool.slice(used, used + length)
    pool.fill(0, used, used + length)
    used += length
    return bytes
  }
})

/** Bytes of the longest value from the pool: keys, ids and nonces are at most that. */
const POOLED = 64
const pool = new Uint8Array(4096)
let used = pool.length
