import { ed25519 } from "@noble/curves/ed25519.js"
import { blake2b } from "@noble/hashes/blake2.js"
import type { Crypto } from "../../domain/Crypto.js"
import { open, seal } from "./PortableAead.js"
import { handshake, keyPair } from "./PortableNoise.js"

/**
 * `Crypto` without native code, for systems that libsodium's binary does not load on: curves and BLAKE2b of `@noble`,
 * ChaCha20-Poly1305 of Node. The same bytes; sealing a packet takes about four times as long, a handshake some
 * milliseconds. JavaScript cannot promise that the time it takes says nothing of a key, and a garbage collector may
 * have copied what `wipe` overwrites.
 */
export const crypto: Crypto = {
  hash: (length, parts, key) => {
    const digest = blake2b.create(key === undefined ? { dkLen: length } : { dkLen: length, key })
    for (const part of parts) digest.update(part)
    return digest.digest()
  },

  hasher: (length) => {
    const hash = blake2b.create({ dkLen: length })
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() }
  },

  signKeyPair: (seed) => {
    const publicKey = ed25519.getPublicKey(seed)
    const secretKey = new Uint8Array(64)
    secretKey.set(seed)
    secretKey.set(publicKey, 32)
    return { publicKey, secretKey }
  },

  sign: (message, secretKey) => ed25519.sign(message, secretKey.subarray(0, 32)),

  // As libsodium has it: neither the key nor the point of the signature may be of low order, nothing may be written in
  // two ways.
  verify: (signature, message, publicKey) => {
    if (signature.length !== 64 || publicKey.length !== 32) return false
    try {
      if (ed25519.Point.fromBytes(signature.subarray(0, 32)).isSmallOrder()) return false
      return ed25519.verify(signature, message, publicKey, { zip215: false })
    } catch {
      return false
    }
  },

  dhKeyPair: keyPair,
  noiseInitiator: (options) => handshake(true, options, options.remoteStatic),
  noiseResponder: (options) => handshake(false, options),
  seal,
  open,
  wipe: (secret) => {
    secret.fill(0)
  }
}
