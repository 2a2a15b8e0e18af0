import { randomBytes } from "node:crypto"
import type { KeyPair } from "../../src/domain/Crypto.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as PeerRecord from "../../src/protocol/PeerRecord.js"

/** Somebody with an identity of their own. */
export interface Person {
  readonly nick: string
  readonly signKeys: KeyPair
  readonly staticKeys: KeyPair
  readonly record: Uint8Array
}

export const person = (nick: string = freshNick()): Person => {
  const signKeys = crypto.signKeyPair(randomBytes(32))
  const staticKeys = crypto.dhKeyPair(randomBytes(32))
  return { nick, signKeys, staticKeys, record: recordOf(nick, signKeys, staticKeys) }
}

/** The same person under another nickname. */
export const renamed = (who: Person, nick: string): Person => ({
  ...who,
  nick,
  record: recordOf(nick, who.signKeys, who.staticKeys)
})

/** A `Register` of this person for this connection. */
export const registration = (
  who: Person,
  { challenge, server }: { readonly challenge: string; readonly server: string }
): Record<string, unknown> => ({
  _tag: "Register",
  nick: who.nick,
  identity: Bytes.toBase64Url(who.signKeys.publicKey),
  record: Bytes.toBase64Url(who.record),
  server,
  proof: Bytes.toBase64Url(
    PeerRecord.signProof(
      crypto,
      who.signKeys.secretKey,
      { challenge: Bytes.fromBase64Url(challenge) ?? new Uint8Array(0), server },
      who.record
    )
  )
})

/** Nobody else's, and nothing that looks like another one. */
export const freshNick = (): string => {
  const letters = [...randomBytes(12)].map((byte) => LETTERS[byte % LETTERS.length]!)
  return `t${letters.join("")}`
}

const recordOf = (nick: string, signKeys: KeyPair, staticKeys: KeyPair): Uint8Array =>
  PeerRecord.sign(crypto, signKeys.secretKey, {
    nick,
    identity: signKeys.publicKey,
    staticKey: staticKeys.publicKey,
    sequence: Date.now(),
    expiry: Date.now() + WEEK
  })!

/** Without those that others look like. */
const LETTERS = "abefghkmprstxyz"
const WEEK = 7 * 24 * 3_600_000
