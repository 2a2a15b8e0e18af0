import { x25519 } from "@noble/curves/ed25519.js"
import { blake2b } from "@noble/hashes/blake2.js"
import { extract } from "@noble/hashes/hkdf.js"
import { hmac } from "@noble/hashes/hmac.js"
import { concatBytes } from "@noble/hashes/utils.js"
import type { KeyPair, NoiseHandshake, NoiseOptions } from "../../domain/Crypto.js"
import { TAG_BYTES } from "../../domain/Crypto.js"
import { open, seal } from "./PortableAead.js"

/**
 * Noise_IK_25519_ChaChaPoly_BLAKE2b (Noise rev. 34) without native code: `<- s`, then `-> e, es, s, ss` and
 * `<- e, ee, se`, each with a payload.
 */
export const handshake = (initiator: boolean, options: NoiseOptions, remote?: Uint8Array): NoiseHandshake => {
  let state: State | undefined
  const step = (run: (state: State) => Uint8Array): Uint8Array | undefined => {
    if (state === undefined) return undefined
    try {
      return run(state)
    } catch {
      state = undefined
      return undefined
    }
  }
  try {
    state = new State(initiator, options, remote)
  } catch {
    // Keys of the wrong size: every step gives undefined, as for any other handshake that cannot succeed.
  }
  return {
    write: (payload) => step((state) => state.write(payload)),
    read: (message) => step((state) => state.read(message)),
    remoteStatic: () => state?.remoteStatic && Uint8Array.from(state.remoteStatic),
    finish: () => state?.finish()
  }
}

/** Whose turn it is is the caller's to know, as with the other implementation; out of turn a step fails. */
class State {
  readonly #initiator: boolean
  readonly #own: KeyPair
  readonly #ephemeral: KeyPair
  #chaining: Uint8Array
  #hash: Uint8Array
  #key: Uint8Array | undefined
  #nonce = 0
  /** Messages that have passed. */
  #passed = 0
  #remoteEphemeral: Uint8Array | undefined
  remoteStatic: Uint8Array | undefined

  constructor(initiator: boolean, options: NoiseOptions, remote: Uint8Array | undefined) {
    this.#initiator = initiator
    this.#own = options.staticKeys
    this.#ephemeral = keyPair(options.ephemeralSecret)
    this.remoteStatic = remote && publicKey(Uint8Array.from(remote))
    publicKey(this.#own.publicKey)
    this.#hash = new Uint8Array(HASH_BYTES)
    this.#hash.set(NAME)
    this.#chaining = this.#hash
    this.#mixHash(options.prologue)
    const responder = initiator ? this.remoteStatic : this.#own.publicKey
    if (responder === undefined) throw new Error("whoever calls knows whom")
    this.#mixHash(responder)
  }

  write(payload: Uint8Array): Uint8Array {
    const isFirst = this.#turn(this.#initiator)
    this.#mixHash(this.#ephemeral.publicKey)
    const parts = [this.#ephemeral.publicKey]
    if (isFirst) {
      this.#mixKey(this.#ephemeral, this.remoteStatic!)
      parts.push(this.#encrypt(this.#own.publicKey))
      this.#mixKey(this.#own, this.remoteStatic!)
    } else {
      this.#mixKey(this.#ephemeral, this.#remoteEphemeral!)
      this.#mixKey(this.#ephemeral, this.remoteStatic!)
    }
    parts.push(this.#encrypt(payload))
    this.#passed++
    return concatBytes(...parts)
  }

  read(message: Uint8Array): Uint8Array {
    const isFirst = this.#turn(!this.#initiator)
    const ephemeral = publicKey(message.slice(0, 32))
    this.#remoteEphemeral = ephemeral
    this.#mixHash(ephemeral)
    let at = 32
    if (isFirst) {
      this.#mixKey(this.#own, ephemeral)
      at += 32 + TAG_BYTES
      this.remoteStatic = publicKey(this.#decrypt(message.subarray(32, at)))
      this.#mixKey(this.#own, this.remoteStatic)
    } else {
      this.#mixKey(this.#ephemeral, ephemeral)
      this.#mixKey(this.#own, ephemeral)
    }
    const payload = this.#decrypt(message.subarray(at))
    this.#passed++
    return payload
  }

  finish(): ReturnType<NoiseHandshake["finish"]> {
    if (this.#passed < 2) return undefined
    const [first, second] = derive(this.#chaining, new Uint8Array(0))
    const [ours, theirs] = this.#initiator ? [first, second] : [second, first]
    return { send: ours.slice(0, 32), receive: theirs.slice(0, 32), hash: Uint8Array.from(this.#hash) }
  }

  /** Whether this is the first message. The initiator writes that one and reads the other. */
  #turn(ofFirst: boolean): boolean {
    if (this.#passed !== (ofFirst ? 0 : 1)) throw new Error("out of turn")
    return ofFirst
  }

  #mixHash(data: Uint8Array): void {
    this.#hash = blake2b(concatBytes(this.#hash, data))
  }

  /** Throws on keys of low order. */
  #mixKey(own: KeyPair, theirs: Uint8Array): void {
    const [chaining, key] = derive(this.#chaining, x25519.getSharedSecret(own.secretKey, theirs))
    this.#chaining = chaining
    this.#key = key.slice(0, 32)
    this.#nonce = 0
  }

  #encrypt(plaintext: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(plaintext.length + TAG_BYTES)
    seal(this.#key!, this.#nonce++, this.#hash, plaintext, sealed)
    this.#mixHash(sealed)
    return sealed
  }

  #decrypt(sealed: Uint8Array): Uint8Array {
    const opened = new Uint8Array(Math.max(0, sealed.length - TAG_BYTES))
    if (!open(this.#key!, this.#nonce++, this.#hash, sealed, opened)) throw new Error("not authentic")
    this.#mixHash(sealed)
    return opened
  }
}

/** From 32 secret bytes. */
export const keyPair = (secret: Uint8Array): KeyPair => ({
  publicKey: x25519.getPublicKey(secret),
  secretKey: Uint8Array.from(secret)
})

const publicKey = (key: Uint8Array): Uint8Array => {
  if (key.length !== 32) throw new Error("a key has 32 bytes")
  return key
}

/** HKDF of Noise §4.3 with two outputs. */
const derive = (chaining: Uint8Array, input: Uint8Array): readonly [Uint8Array, Uint8Array] => {
  const secret = extract(blake2b, input, chaining)
  const first = hmac(blake2b, secret, Uint8Array.of(1))
  return [first, hmac(blake2b, secret, concatBytes(first, Uint8Array.of(2)))]
}

const NAME = new TextEncoder().encode("Noise_IK_25519_ChaChaPoly_BLAKE2b")
/** Bytes; the name of the protocol is shorter and filled up with zeros. */
const HASH_BYTES = 64
