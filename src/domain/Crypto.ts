/**
 * The cryptography that parley is built on, as plain synchronous functions: no promise and no randomness, so that a run
 * is a function of its inputs. Keys and seeds always come from `Entropy`. Every layer gives the same bytes.
 *
 * @since 0.1.0
 */
export interface Crypto {
  /**
   * BLAKE2b (RFC 7693) over the concatenation of `parts`, `length` bytes (16 to 64), keyed when `key` (16 to 64 bytes)
   * is given.
   */
  readonly hash: (length: number, parts: ReadonlyArray<Uint8Array>, key?: Uint8Array) => Uint8Array
  /** The same hash, without a key, of what comes piece by piece: for so much that it would keep others waiting. */
  readonly hasher: (length: number) => Hasher
  /** Ed25519 (RFC 8032) key pair from a 32-byte seed. `secretKey` is for `sign` alone. */
  readonly signKeyPair: (seed: Uint8Array) => KeyPair
  /** Ed25519 signature, 64 bytes. */
  readonly sign: (message: Uint8Array, secretKey: Uint8Array) => Uint8Array
  /** Whether `signature` (any length) is `publicKey`'s (any length) over `message`. Never throws. */
  readonly verify: (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean
  /** X25519 (RFC 7748) key pair from 32 secret bytes. */
  readonly dhKeyPair: (secret: Uint8Array) => KeyPair
  /** Begins Noise_IK_25519_ChaChaPoly_BLAKE2b (Noise rev. 34) as the side that knows the other's static key. */
  readonly noiseInitiator: (options: NoiseOptions & { readonly remoteStatic: Uint8Array }) => NoiseHandshake
  /** Begins the same pattern as the side that is called. */
  readonly noiseResponder: (options: NoiseOptions) => NoiseHandshake
  /**
   * Seals with ChaCha20-Poly1305 (RFC 8439): writes `plaintext.length + TAG_BYTES` bytes of ciphertext and tag to the
   * start of `out`. The nonce is 4 zero bytes and `counter` as little-endian u64, as Noise does. `plaintext` may be the
   * start of `out`. The caller guarantees that no (key, counter) pair is used twice and that `counter` is a safe
   * integer.
   */
  readonly seal: (
    key: Uint8Array,
    counter: number,
    additional: Uint8Array,
    plaintext: Uint8Array,
    out: Uint8Array
  ) => void
  /**
   * Opens what `seal` made into the start of `out`, which may be the start of `ciphertext`; `false`, with `out`
   * unspecified, when it is not authentic. Never throws.
   */
  readonly open: (
    key: Uint8Array,
    counter: number,
    additional: Uint8Array,
    ciphertext: Uint8Array,
    out: Uint8Array
  ) => boolean
  /** What this takes the place of, and why: a sentence for people where the usual implementation does not load. */
  readonly substituteFor?: string
  /** Overwrites secret bytes with zeros. */
  readonly wipe: (secret: Uint8Array) => void
}

/**
 * A signature that is still to be verified. Its sender may be hostile, and may have given any of the three any length.
 *
 * @since 0.1.0
 */
export interface SignatureCheck {
  readonly signature: Uint8Array
  readonly message: Uint8Array
  readonly publicKey: Uint8Array
}

/**
 * An X25519 key pair, 32 bytes each.
 *
 * @since 0.1.0
 */
export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/**
 * What a Noise handshake begins with.
 *
 * @since 0.1.0
 */
export interface NoiseOptions {
  readonly staticKeys: KeyPair
  /** 32 fresh secret bytes for the ephemeral key; never reused. */
  readonly ephemeralSecret: Uint8Array
  readonly prologue: Uint8Array
}

/**
 * One Noise IK handshake: the initiator writes then reads, the responder reads then writes. Never throws.
 *
 * @since 0.1.0
 */
export interface NoiseHandshake {
  /** The next message with `payload` inside; `undefined` when the key agreement fails (a low-order key). */
  readonly write: (payload: Uint8Array) => Uint8Array | undefined
  /** The payload of the other side's message; `undefined` when it is not authentic. `message` is left as it was. */
  readonly read: (message: Uint8Array) => Uint8Array | undefined
  /** The other side's static public key, known from the start or after a successful `read`. */
  readonly remoteStatic: () => Uint8Array | undefined
  /** The two transport keys (32 bytes each) and the handshake hash, once both messages have passed. */
  readonly finish: () =>
    | { readonly send: Uint8Array; readonly receive: Uint8Array; readonly hash: Uint8Array }
    | undefined
}

export const TAG_BYTES = 16
export const KEY_BYTES = 32

/**
 * A hash that is being made.
 *
 * @since 0.1.0
 */
export interface Hasher {
  readonly update: (bytes: Uint8Array) => void
  /** The hash; nothing can be added any more. */
  readonly digest: () => Uint8Array
}
