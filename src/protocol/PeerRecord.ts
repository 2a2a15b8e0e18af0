import * as Data from "effect/Data"
import * as Either from "effect/Either"
import type { Crypto, SignatureCheck } from "../domain/Crypto.js"
import * as Bytes from "./Bytes.js"

/**
 * A peer's self-description, signed with its identity key (docs/protocol.md §1.5). It binds the nickname and the X25519
 * key of the handshake to the identity, so that a server can deny an introduction but never forge one.
 */
export interface PeerRecord {
  readonly nick: string
  /** Ed25519 public key, 32 bytes. */
  readonly identity: Uint8Array
  /** X25519 static key of the peer link's handshake, 32 bytes. */
  readonly staticKey: Uint8Array
  /** Grows with each record that this identity signs. */
  readonly sequence: number
  /** The record is not accepted from this time on: ms since 1970 UTC. */
  readonly expiry: number
}

/**
 * `Malformed`: the bytes are no record of version 1. `BadSignature`: it is not signed by the identity in it. `Expired`:
 * its `expiry` has come.
 */
export class PeerRecordError extends Data.TaggedError("PeerRecordError")<{
  readonly reason: "Malformed" | "BadSignature" | "Expired"
  readonly message: string
}> {}

/** Bytes of the largest record. */
export const MAX_RECORD = 1 + 1 + 255 + 32 + 32 + 8 + 8 + 64

/**
 * The record with its signature by `secretKey`, which must belong to `record.identity`. `undefined` when the record
 * cannot be written: a nickname of no or more than 255 bytes of UTF-8, keys that are not 32 bytes, numbers that are no
 * safe integers from 0.
 */
export const sign = (crypto: Crypto, secretKey: Uint8Array, record: PeerRecord): Uint8Array | undefined => {
  const nick = Bytes.fromText(record.nick)
  if (nick.length === 0 || record.identity.length !== 32 || record.staticKey.length !== 32) return undefined
  const writer = new Bytes.Writer(new Uint8Array(FIXED + nick.length))
  writer.u8(VERSION)
  writer.u8(nick.length)
  writer.bytes(nick)
  writer.bytes(record.identity)
  writer.bytes(record.staticKey)
  writer.u64(record.sequence)
  writer.u64(record.expiry)
  const body = writer.finish()
  if (body === undefined) return undefined
  writer.bytes(crypto.sign(Bytes.concat([RECORD_LABEL, body]), secretKey))
  return writer.finish()
}

/**
 * The fields of a record whose signature and expiry are *not* checked; `undefined` unless `bytes` is exactly one
 * record.
 */
export const decode = (bytes: Uint8Array): PeerRecord | undefined => {
  const reader = new Bytes.Reader(bytes)
  const version = reader.u8()
  const nick = Bytes.toText(reader.bytes(reader.u8()))
  const identity = Bytes.copy(reader.bytes(32))
  const staticKey = Bytes.copy(reader.bytes(32))
  const sequence = reader.u64()
  const expiry = reader.u64()
  reader.bytes(SIGNATURE)
  if (!reader.done || version !== VERSION || nick === undefined || nick === "") return undefined
  return { nick, identity, staticKey, sequence, expiry }
}

/**
 * The record in `bytes`, if it is whole, signed by the identity that it names, and valid at `wallNow` (ms since 1970
 * UTC).
 */
export const verify = (
  crypto: Crypto,
  bytes: Uint8Array,
  wallNow: number
): Either.Either<PeerRecord, PeerRecordError> => {
  const record = decode(bytes)
  if (record === undefined) return refuse("Malformed", "This is not a peer record of version 1.")
  const { message, publicKey, signature } = recordCheck(bytes, record.identity)
  if (!crypto.verify(signature, message, publicKey)) {
    return refuse("BadSignature", "The peer record is not signed by the identity that it names.")
  }
  return record.expiry > wallNow ? Either.right(record) : refuse("Expired", "The peer record has expired.")
}

/** The time for `verify` where it does not matter when a record expires. */
export const ANY_TIME = Number.NEGATIVE_INFINITY

/** What a proof of identity is good for: one connection to one server. */
export interface Occasion {
  /**
   * The 32 bytes of this connection's `Welcome`. It must have that length, or the border between it and what follows
   * could be moved.
   */
  readonly challenge: Uint8Array
  /** What the client has dialled (`domain/ServerName`). Without it the proof is of version 1: good anywhere. */
  readonly server?: string | undefined
  /** Of a link that is encrypted with TLS: its exporter (RFC 9266). Part of version 2. */
  readonly exporter?: Uint8Array | undefined
}

/** `Register.proof`: shows the server that the owner of the identity is on this connection, now. 64 bytes. */
export const signProof = (crypto: Crypto, secretKey: Uint8Array, occasion: Occasion, record: Uint8Array): Uint8Array =>
  crypto.sign(proofMessage(occasion, record), secretKey)

/** Good when `proof` is the identity's signature over this occasion and this record. */
export const proofCheck = (
  proof: Uint8Array,
  identity: Uint8Array,
  occasion: Occasion,
  record: Uint8Array
): SignatureCheck => ({
  signature: proof,
  message: proofMessage(occasion, record),
  publicKey: identity
})

const proofMessage = ({ challenge, exporter = NONE, server }: Occasion, record: Uint8Array): Uint8Array => {
  if (server === undefined) return Bytes.concat([PROOF_LABEL_1, challenge, record])
  const name = Bytes.fromText(server)
  const lengths = Uint8Array.of(name.length >> 8, name.length & 0xff, exporter.length)
  return Bytes.concat([PROOF_LABEL_2, challenge, lengths, name, exporter, record])
}

/** Good when the record, of which `decode` has found `identity`, is signed by it. */
export const recordCheck = (record: Uint8Array, identity: Uint8Array): SignatureCheck => ({
  signature: record.subarray(record.length - SIGNATURE),
  message: Bytes.concat([RECORD_LABEL, record.subarray(0, record.length - SIGNATURE)]),
  publicKey: identity
})

const VERSION = 1
const SIGNATURE = 64
/** A record without its nickname. */
const FIXED = MAX_RECORD - 255
/** Labels that are signed along: a signature made for one purpose is invalid for the other. */
const RECORD_LABEL = Bytes.fromText("parley record v1")
const PROOF_LABEL_1 = Bytes.fromText("parley proof v1")
const PROOF_LABEL_2 = Bytes.fromText("parley proof v2")

const NONE = new Uint8Array()

const refuse = (reason: PeerRecordError["reason"], message: string) =>
  Either.left(new PeerRecordError({ reason, message }))
