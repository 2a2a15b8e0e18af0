import type { Crypto } from "../domain/Crypto.js"
import { make as makeReal } from "../layers/node/Crypto.js"

/**
 * The product's own primitives, for one world. They are functions of their inputs, so nothing about them needs
 * simulating; but a world has both ends of everything, and what it worked out for one of them it need not work out for
 * the other: X25519 gives the two the same secret, and a signed record goes from one machine to the next. Remembering
 * that changes no byte.
 */
export const make = (): Crypto => {
  const verdicts = new Memory<boolean>()
  const secrets = new Memory<Uint8Array>()
  const real = makeReal((curve) => ({
    ...curve,
    dh: (publicKey, ours) => {
      const [a, b] = [text(publicKey), text(ours.publicKey)]
      return secrets.get(a < b ? a + b : b + a, () => curve.dh(publicKey, ours))
    }
  }))
  return {
    ...real,
    verify: (signature, message, publicKey) => {
      const work = () => real.verify(signature, message, publicKey)
      // Of other sizes nothing is signed in earnest, and only of these the parts of the key cannot be taken for one
      // another.
      if (signature.length !== 64 || publicKey.length !== 32 || message.length > MAX_MESSAGE) return work()
      return verdicts.get(text(signature) + text(publicKey) + text(message), work)
    }
  }
}

/** Results by what they are results of. */
class Memory<A> {
  readonly #known = new Map<string, A>()

  get(key: string, work: () => A): A {
    const before = this.#known.get(key)
    if (before !== undefined) return before
    const result = work()
    // Whoever needs a result again does so soon: there is no need to tell the old from the new.
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(key, result)
    return result
  }
}

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** Bytes; peer records and proofs are a few hundred. */
const MAX_MESSAGE = 1024

/** A thousand peers at once; a MB or two. */
const MAX_KNOWN = 1024
