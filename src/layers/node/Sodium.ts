import { existsSync } from "node:fs"
import { createRequire, Module } from "node:module"
import process from "node:process"

/**
 * The native parts behind `layers/node/Crypto`, loaded on first use: a program that only prints its help never maps
 * them into memory, and one on a platform without a prebuilt binary can still say what is wrong.
 */

/**
 * The calls of `sodium-native` that parley uses; it ships no types. All of them throw on arguments of the wrong size.
 */
export interface Sodium {
  readonly crypto_aead_chacha20poly1305_ietf_encrypt: (
    ciphertext: Uint8Array,
    message: Uint8Array,
    additional: Uint8Array,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array
  ) => number
  /** Throws when the tag is wrong. */
  readonly crypto_aead_chacha20poly1305_ietf_decrypt: (
    message: Uint8Array,
    secretNonce: null,
    ciphertext: Uint8Array,
    additional: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array
  ) => number
  /** At least 16 bytes of `output`. */
  readonly crypto_generichash: (output: Uint8Array, input: Uint8Array, key?: Uint8Array) => void
  readonly crypto_generichash_batch: (output: Uint8Array, batch: ReadonlyArray<Uint8Array>, key?: Uint8Array) => void
  readonly crypto_generichash_STATEBYTES: number
  readonly crypto_generichash_init: (state: Buffer, key: null, length: number) => void
  readonly crypto_generichash_update: (state: Buffer, input: Uint8Array) => void
  readonly crypto_generichash_final: (state: Buffer, output: Uint8Array) => void
  readonly crypto_sign_seed_keypair: (publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array) => void
  readonly crypto_sign_detached: (signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array) => void
  readonly crypto_sign_verify_detached: (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean
  readonly crypto_scalarmult_base: (publicKey: Uint8Array, secretKey: Uint8Array) => void
  /** Throws when the result is all zeros (a low-order point, RFC 7748 §6.1). */
  readonly crypto_scalarmult: (shared: Uint8Array, secretKey: Uint8Array, publicKey: Uint8Array) => void
  readonly sodium_memzero: (bytes: Uint8Array) => void
}

/** A handshake of `noise-handshake`; it ships no types. `send` and `recv` throw when the handshake fails. */
export interface NoiseState {
  /** The ephemeral key pair: drawn at random by the library unless set before the first `send`. */
  e: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array } | null
  /** The other side's static public key. */
  readonly rs: Uint8Array | null
  readonly complete: boolean
  readonly tx: Uint8Array | null
  readonly rx: Uint8Array | null
  readonly hash: Uint8Array | null
  readonly initialise: (prologue: Uint8Array, remoteStatic?: Uint8Array) => void
  readonly send: (payload: Uint8Array) => Uint8Array
  readonly recv: (message: Uint8Array) => Uint8Array
}

export type NoiseConstructor = new (
  pattern: "IK",
  initiator: boolean,
  staticKeys: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array },
  options: { readonly curve: NoiseCurve }
) => NoiseState

/** The curve of a handshake. */
export interface NoiseCurve {
  /** X25519 of the other side's public key and our key pair. Throws when the result is all zeros. */
  readonly dh: (
    publicKey: Uint8Array,
    ours: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array }
  ) => Uint8Array
}

/** libsodium. Throws what the module loader throws when there is no binary for this platform. */
export const sodium = (): Sodium => {
  if (loadedSodium === undefined) {
    shorten()
    loadedSodium = load("sodium-native") as Sodium
  }
  return loadedSodium
}

/**
 * Loads the binary of this system where `sodium-native` has it, in the place of its `binding.js`: that loads thirteen
 * modules to find the same file, which takes longer than everything else of it together. Where it is elsewhere, or does
 * not load, `binding.js` goes its own way and says what is wrong.
 */
const shorten = (): void => {
  try {
    const inside = createRequire(load.resolve("sodium-native"))
    const path = inside.resolve("./binding")
    if (inside.cache[path] !== undefined || existsSync("/etc/alpine-release")) return
    const exports: unknown = inside(`./prebuilds/${process.platform}-${process.arch}/sodium-native.node`)
    inside.cache[path] = Object.assign(new Module(path), { exports, filename: path, loaded: true })
  } catch {
    // Nothing is changed then.
  }
}

/** Where libsodium is, for another thread to load. Throws as `sodium` does. */
export const location = (): string => load.resolve("sodium-native")

/** The Noise state machine, which runs on the same libsodium. Throws as `sodium` does. */
export const noise = (): NoiseConstructor => {
  loadedNoise ??= load("noise-handshake") as NoiseConstructor
  return loadedNoise
}

/** X25519 as `noise` does it unless it is given another. */
export const curve = (): NoiseCurve => {
  loadedCurve ??= load("noise-handshake/dh") as NoiseCurve
  return loadedCurve
}

let loadedSodium: Sodium | undefined
let loadedNoise: NoiseConstructor | undefined
let loadedCurve: NoiseCurve | undefined

/** What lies about a single executable is none of its own: nothing from there is run. */
const load: ((name: string) => unknown) & { readonly resolve: (name: string) => string } =
  typeof PARLEY_SINGLE === "undefined"
    ? createRequire(import.meta.url)
    : Object.assign(() => nothingBeside(), { resolve: nothingBeside })

function nothingBeside(): never {
  throw new Error("a single executable has no native code beside it")
}
