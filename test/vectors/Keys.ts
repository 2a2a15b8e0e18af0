import type { KeyPair } from "../../src/domain/Crypto.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import { toHex } from "../../src/protocol/Bytes.js"
import * as PeerRecord from "../../src/protocol/PeerRecord.js"

/** One line of a file of vectors: what goes in and what comes out, bytes in lower-case hexadecimal. */
export interface Vector {
  readonly name: string
  readonly [field: string]: string | number | boolean | ReadonlyArray<string> | ReadonlyArray<number>
}

/** A file of `docs/vectors`. */
export interface VectorFile {
  /** What the vectors are of, and the inputs that all of them share. */
  readonly about: string
  /** Of docs/protocol.md. */
  readonly section: string
  readonly vectors: ReadonlyArray<Vector>
}

/** `count` bytes that count up from `first`: keys that are seen to be nobody's. */
export const counting = (first: number, count = 32): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => first + i)

export const repeated = (byte: number, count: number): Uint8Array => new Uint8Array(count).fill(byte)

export interface Person {
  readonly nick: string
  readonly signSeed: Uint8Array
  readonly staticSecret: Uint8Array
  readonly signKeys: KeyPair
  readonly staticKeys: KeyPair
  readonly record: Uint8Array
}

const person = (nick: string, first: number): Person => {
  const signSeed = counting(first)
  const staticSecret = counting(first + 32)
  const signKeys = crypto.signKeyPair(signSeed)
  const staticKeys = crypto.dhKeyPair(staticSecret)
  const described = { nick, identity: signKeys.publicKey, staticKey: staticKeys.publicKey, sequence: 1, expiry: EXPIRY }
  const record = PeerRecord.sign(crypto, signKeys.secretKey, described)!
  return { nick, signSeed, staticSecret, signKeys, staticKeys, record }
}

/** ms since 1970 UTC: the year 2100, so that the records stay good. */
export const EXPIRY = 4_102_444_800_000
export const alice = person("alice", 0x00)
export const bob = person("bob", 0x40)
export const CHANNEL = counting(1, 8)
export const PAIR_KEY = repeated(0x55, 32)
export const hex = toHex
