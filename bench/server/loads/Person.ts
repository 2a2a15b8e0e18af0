import { randomBytes } from "node:crypto"
import { fromSeed, type Identity } from "../../../src/domain/Identity.js"
import * as NodeCrypto from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"

/** Somebody with an identity key, and what it says of the nickname. */
export interface Person {
  readonly identity: Identity
  readonly record: Uint8Array
}

export const person = (nick: string): Person => {
  const identity = fromSeed(crypto, randomBytes(32))
  const record = PeerRecord.sign(crypto, identity.signKeys.secretKey, {
    nick,
    identity: identity.signKeys.publicKey,
    staticKey: identity.staticKeys.publicKey,
    sequence: 1,
    expiry: Date.now() + 7 * 86_400_000
  })
  return { identity, record: record! }
}

/** Fields of a `Register` to the server that said this `Welcome`. */
export const proving = ({ identity, record }: Person, welcome: string): string => {
  const challenge = Bytes.fromBase64Url(JSON.parse(welcome).challenge)!
  const proof = PeerRecord.signProof(crypto, identity.signKeys.secretKey, { challenge }, record)
  const field = (name: string, bytes: Uint8Array) => `,"${name}":"${Bytes.toBase64Url(bytes)}"`
  return field("identity", identity.signKeys.publicKey) + field("record", record) + field("proof", proof)
}

const crypto = NodeCrypto.make()
