import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Crypto, Hasher, KeyPair, NoiseHandshake, NoiseOptions } from "../../domain/Crypto.js"
import { TAG_BYTES } from "../../domain/Crypto.js"
import * as Service from "../../services/Crypto.js"
import { curve, type NoiseCurve, type NoiseState, noise, sodium } from "./Sodium.js"

const hasher = (length: number): Hasher => {
  const {
    crypto_generichash_STATEBYTES,
    crypto_generichash_final,
    crypto_generichash_init,
    crypto_generichash_update
  } = sodium()
  const state = Buffer.alloc(crypto_generichash_STATEBYTES)
  crypto_generichash_init(state, null, length)
  return {
    update: (bytes) => crypto_generichash_update(state, bytes),
    digest: () => {
      const digest = new Uint8Array(length)
      crypto_generichash_final(state, digest)
      return digest
    }
  }
}

/**
 * `Crypto` on libsodium, with the Noise handshake of `noise-handshake`, which stands on the same libsodium. Native code
 * is loaded by the first call. `curveOf` may wrap the curve; its results must be those of X25519.
 */
export const make = (curveOf: CurveOf = (curve) => curve): Crypto => ({
  hash: (length, parts, key) => {
    const digest = digests.subarray(0, length)
    const [only] = parts
    // Handing over an array costs more than hashing a block.
    if (parts.length === 1 && length >= MIN_DIGEST) sodium().crypto_generichash(digest, only!, key)
    else sodium().crypto_generichash_batch(digest, parts, key)
    const copy = digest.slice()
    digest.fill(0)
    return copy
  },

  hasher,

  signKeyPair: (seed) => {
    const publicKey = new Uint8Array(32)
    const secretKey = new Uint8Array(64)
    sodium().crypto_sign_seed_keypair(publicKey, secretKey, seed)
    return { publicKey, secretKey }
  },

  sign: (message, secretKey) => {
    const signature = new Uint8Array(64)
    sodium().crypto_sign_detached(signature, message, secretKey)
    return signature
  },

  // libsodium looks at the first 64 bytes of a longer signature and is content: the length is ours to check.
  verify: (signature, message, publicKey) =>
    signature.length === 64 &&
    publicKey.length === 32 &&
    sodium().crypto_sign_verify_detached(signature, message, publicKey),

  dhKeyPair: (secret) => dhKeyPair(secret),

  noiseInitiator: (options) => handshake(curveOf, true, options, options.remoteStatic),
  noiseResponder: (options) => handshake(curveOf, false, options),

  seal: (key, counter, additional, plaintext, out) => {
    setNonce(counter)
    const sealed = first(out, plaintext.length + TAG_BYTES)
    sodium().crypto_aead_chacha20poly1305_ietf_encrypt(sealed, plaintext, additional, null, nonce, key)
  },

  open: (key, counter, additional, ciphertext, out) => {
    if (ciphertext.length < TAG_BYTES) return false
    setNonce(counter)
    const opened = first(out, ciphertext.length - TAG_BYTES)
    try {
      sodium().crypto_aead_chacha20poly1305_ietf_decrypt(opened, null, ciphertext, additional, nonce, key)
      return true
    } catch {
      return false
    }
  },

  wipe: (secret) => sodium().sodium_memzero(secret)
})

export const crypto: Crypto = make()

/**
 * Loads the native code; where it does not load (no binary for this system, or one for a newer libc), takes what needs
 * none and gives the same bytes. Checks one known answer, so that what cannot work fails here and not in a
 * conversation.
 */
export const layer: Layer.Layer<Service.Crypto, Service.CryptoError> = Layer.effect(
  Service.Crypto,
  Effect.suspend(() => {
    try {
      sodium()
      noise()
    } catch (cause) {
      return Effect.flatMap(
        Effect.promise(() => import("./PortableCrypto.js")),
        (portable) =>
          checked({ ...portable.crypto, substituteFor: `sodium-native: ${lastWords(cause)}` }, "the substitute")
      )
    }
    return checked(crypto, 'the native library "sodium-native"')
  })
)

const checked = (crypto: Crypto, name: string): Effect.Effect<Crypto, Service.CryptoError> =>
  selfTest(crypto)
    ? Effect.succeed(crypto)
    : Effect.fail(
        new Service.CryptoError({
          reason: "SelfTest",
          message: `cryptography: ${name} gives wrong results. Reinstall the dependencies.`
        })
      )

/** The loader says what is wrong at the end of its message; in front stand the places that it looked at. */
const lastWords = (cause: unknown): string => {
  const causes = [cause]
  for (const one of causes) if (one instanceof Error && one.cause !== undefined) causes.push(one.cause)
  const deepest = causes.at(-1)
  const text = deepest instanceof Error ? deepest.message : String(deepest)
  return text.trim().split("\n").at(-1)!.slice(0, MAX_WORDS)
}

/** Characters: a path and a sentence. */
const MAX_WORDS = 300

/** The library wants buffers of the exact size; most are, and a view costs a tenth of sealing a short packet. */
const first = (buffer: Uint8Array, length: number): Uint8Array =>
  buffer.length === length ? buffer : buffer.subarray(0, length)

/** Native code writes here: a small array has no memory of its own until native code asks for it, which takes 1 µs. */
const digests = new Uint8Array(64)

/** Bytes: of a single part the library makes no shorter digest. */
const MIN_DIGEST = 16

/** One nonce for all calls: they are synchronous, and libsodium keeps no reference to it. */
const nonce = new Uint8Array(12)
const nonceView = new DataView(nonce.buffer)

const setNonce = (counter: number): void => {
  nonceView.setUint32(4, counter % 0x1_0000_0000, true)
  nonceView.setUint32(8, Math.floor(counter / 0x1_0000_0000), true)
}

const dhKeyPair = (secret: Uint8Array): KeyPair => {
  const publicKey = new Uint8Array(32)
  sodium().crypto_scalarmult_base(publicKey, secret)
  return { publicKey, secretKey: new Uint8Array(secret) }
}

type CurveOf = (curve: NoiseCurve) => NoiseCurve

/**
 * The library throws on failure, and zeroes buffers that it was given (the message's first 32 bytes, the ephemeral
 * key): it works on copies (by constructor: `slice` of a Buffer is a view), and after a failure the handshake is over.
 */
const handshake = (
  curveOf: CurveOf,
  initiator: boolean,
  options: NoiseOptions,
  remoteStatic?: Uint8Array
): NoiseHandshake => {
  let state: NoiseState | undefined
  const step = <A>(run: (state: NoiseState) => A): A | undefined => {
    if (state === undefined) return undefined
    try {
      return run(state)
    } catch {
      state = undefined
      return undefined
    }
  }

  try {
    const started: NoiseState = new (noise())("IK", initiator, options.staticKeys, { curve: curveOf(curve()) })
    started.initialise(options.prologue, remoteStatic && new Uint8Array(remoteStatic))
    started.e = dhKeyPair(options.ephemeralSecret)
    state = started
  } catch {
    // Keys of the wrong size: every step gives undefined, as for any other handshake that cannot succeed.
  }

  return {
    write: (payload) => step((noise) => new Uint8Array(noise.send(payload))),
    read: (message) => step((noise) => new Uint8Array(noise.recv(new Uint8Array(message)))),
    remoteStatic: () => (state?.rs ? new Uint8Array(state.rs) : undefined),
    finish: () =>
      state?.complete === true
        ? { send: new Uint8Array(state.tx!), receive: new Uint8Array(state.rx!), hash: new Uint8Array(state.hash!) }
        : undefined
  }
}

/** BLAKE2b-512 of "abc" begins like this (RFC 7693, appendix A). */
const selfTest = (crypto: Crypto): boolean => {
  const digest = crypto.hash(64, [Uint8Array.of(0x61, 0x62, 0x63)])
  return digest[0] === 0xba && digest[1] === 0x80 && digest[62] === 0x99 && digest[63] === 0x23
}
