import type { Crypto } from "../../../domain/Crypto.js"
import * as Bytes from "../../../protocol/Bytes.js"
import { COOKIE_BYTES } from "../../../protocol/Handshake.js"
import * as Handshake from "./Handshake.js"

/**
 * Cookies as WireGuard has them: a keyed hash of the source under a secret of ours that changes, so that nothing has to
 * be remembered to know one again. Who shows one has received it at that source, not longer ago than twice
 * `SECRET_LASTS`.
 */
export class Cookies {
  readonly #crypto: Crypto
  readonly #entropy: { readonly bytes: (length: number) => Uint8Array }
  #secret: Uint8Array
  #former: Uint8Array | undefined
  #madeAt: number

  constructor(crypto: Crypto, entropy: { readonly bytes: (length: number) => Uint8Array }, now: number) {
    this.#crypto = crypto
    this.#entropy = entropy
    this.#secret = entropy.bytes(SECRET_BYTES)
    this.#madeAt = now
  }

  of(source: Uint8Array, now: number): Uint8Array {
    this.#rotate(now)
    return this.#cookie(this.#secret, source)
  }

  /** Whether `mac2` of this HS1 was made with a cookie for this source. */
  accepts(source: Uint8Array, hs1: Uint8Array, mac2: Uint8Array, now: number): boolean {
    this.#rotate(now)
    return [this.#secret, this.#former].some(
      (secret) =>
        secret !== undefined && Bytes.equal(Handshake.mac2(this.#crypto, this.#cookie(secret, source), hs1), mac2)
    )
  }

  #cookie(secret: Uint8Array, source: Uint8Array): Uint8Array {
    return this.#crypto.hash(COOKIE_BYTES, [source], secret)
  }

  #rotate(now: number): void {
    const age = now - this.#madeAt
    if (age < SECRET_LASTS) return
    this.#former = age < 2 * SECRET_LASTS ? this.#secret : undefined
    this.#secret = this.#entropy.bytes(SECRET_BYTES)
    this.#madeAt = now
  }
}

/** ms that cookies are made with one secret; each is good for so long at least, and at most twice as long. */
export const SECRET_LASTS = 120_000
const SECRET_BYTES = 32
