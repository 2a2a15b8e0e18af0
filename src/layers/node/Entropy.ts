import { randomFillSync } from "node:crypto"
import * as Layer from "effect/Layer"
import { Entropy } from "../../services/Entropy.js"

/**
 * The operating system's generator (getrandom and its equivalents, through OpenSSL's). A call costs microseconds
 * whatever the length, so short values come from a pool; each byte leaves it once. Keys are wiped behind them; what is
 * no longer than an id is a view of the pool, which is not used again.
 */
export const layer: Layer.Layer<Entropy> = Layer.succeed(Entropy, {
  bytes: (length) => {
    if (length > POOLED) return randomFillSync(new Uint8Array(length))
    if (used + length > pool.length) {
      pool = randomFillSync(new Uint8Array(POOL))
      used = 0
    }
    const from = used
    used += length
    if (length <= SHORT) return pool.subarray(from, used)
    const bytes = pool.slice(from, used)
    pool.fill(0, from, used)
    return bytes
  }
})

/** Bytes of the longest value from the pool: keys, ids and nonces are at most that. */
const POOLED = 64
/**
 * Bytes of the longest view: an id. There is one for each message, and with memory of its own it takes twice as much of
 * the heap. One that is kept keeps its pool.
 */
const SHORT = 16
/** Bytes: so little that a thousand connections, each with an id that is kept, keep a megabyte at most. */
const POOL = 1024
let pool = new Uint8Array(0)
let used = 0
