import { randomFillSync } from "node:crypto"
import * as Layer from "effect/Layer"
import { Entropy } from "../../services/Entropy.js"

/** The operating system's generator (getrandom and its equivalents, through OpenSSL's). */
export const layer: Layer.Layer<Entropy> = Layer.succeed(Entropy, {
  bytes: (length) => randomFillSync(new Uint8Array(length))
})
