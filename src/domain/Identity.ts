import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Base64Url from "./Base64Url.js"
import type { Crypto, KeyPair } from "./Crypto.js"

/**
 * The identity of a user: two independent key pairs, derived under two labels from one 32-byte seed in a private file.
 * If one key served for signatures and for key agreement, a proof would be needed that the two uses do not interact.
 */
export interface Identity {
  /** Ed25519: signs records and proofs; its public key is what peers pin. */
  readonly signKeys: KeyPair
  /** X25519: the static key of the peer link's handshake. */
  readonly staticKeys: KeyPair
}

/** The identity of a seed of 32 random bytes; always the same for the same seed. */
export const fromSeed = (crypto: Crypto, seed: Uint8Array): Identity => {
  const derive = (label: Uint8Array) => crypto.hash(32, [label], seed)
  return { signKeys: crypto.signKeyPair(derive(SIGN_LABEL)), staticKeys: crypto.dhKeyPair(derive(STATIC_LABEL)) }
}

/** The secret that seals the journal of this identity. The keys cannot be found from it. */
export const journalSecret = (crypto: Crypto, seed: Uint8Array): Uint8Array => crypto.hash(32, [JOURNAL_LABEL], seed)

/**
 * The secret that seals the history of this identity, and names its files. Neither the keys nor the other secret can be
 * found from it.
 */
export const historySecret = (crypto: Crypto, seed: Uint8Array): Uint8Array => crypto.hash(32, [HISTORY_LABEL], seed)

/** The secret that seals whom this identity knows. Nothing else of the identity can be found from it. */
export const contactsSecret = (crypto: Crypto, seed: Uint8Array): Uint8Array => crypto.hash(32, [CONTACTS_LABEL], seed)

/**
 * `NotIdentity`: the file is not an identity file. `UnknownVersion`: a later parley wrote it. `Damaged`: the checksum
 * does not match.
 */
export class IdentityFileError extends Data.TaggedError("IdentityFileError")<{
  readonly reason: "NotIdentity" | "UnknownVersion" | "Damaged"
  readonly message: string
}> {}

/**
 * The content of an identity file, one line: `parley-identity-v1 SEED CHECKSUM`, both in base64url. The checksum tells
 * a damaged file from a good one: without it, one changed letter would silently make another identity.
 */
export const encodeFile = (crypto: Crypto, seed: Uint8Array): string =>
  `${MAGIC}1 ${Base64Url.encode(seed)} ${Base64Url.encode(checksum(crypto, seed))}\n`

/** The seed in the content of an identity file. White space around the line is allowed. */
export const decodeFile = (crypto: Crypto, text: string): Either.Either<Uint8Array, IdentityFileError> => {
  if (text.length > MAX_FILE || !text.trimStart().startsWith(MAGIC)) {
    return refuse("NotIdentity", "This is not a parley identity file.")
  }
  const fields = text.trim().slice(MAGIC.length).split(/\s+/)
  if (fields[0] !== "1") {
    return refuse("UnknownVersion", "This identity file was written by a later version of parley.")
  }
  const seed = Base64Url.decode(fields[1] ?? "")
  if (fields.length !== 3 || seed?.length !== SEED_BYTES || fields[2] !== Base64Url.encode(checksum(crypto, seed))) {
    return refuse("Damaged", "This identity file is damaged: its checksum does not match. Restore it from a backup.")
  }
  return Either.right(seed)
}

/** Bytes of a seed. */
export const SEED_BYTES = 32

const MAGIC = "parley-identity-v"
/**
 * Four times the line that `encodeFile` writes: a file with stray blank lines is read, a wrong file is not parsed at
 * length.
 */
const MAX_FILE = 400
const SIGN_LABEL = new TextEncoder().encode("parley identity v1 ed25519")
const STATIC_LABEL = new TextEncoder().encode("parley identity v1 x25519")
const JOURNAL_LABEL = new TextEncoder().encode("parley journal v1")
const HISTORY_LABEL = new TextEncoder().encode("parley history v1")
const CONTACTS_LABEL = new TextEncoder().encode("parley contacts v1")
const FILE_LABEL = new TextEncoder().encode("parley identity file v1")

/** 16 bytes is the shortest hash that `Crypto` gives. */
const checksum = (crypto: Crypto, seed: Uint8Array): Uint8Array => crypto.hash(16, [FILE_LABEL, seed])

const refuse = (reason: IdentityFileError["reason"], message: string) =>
  Either.left(new IdentityFileError({ reason, message }))
