import * as Fingerprint from "../../src/domain/Fingerprint.js"
import * as Nickname from "../../src/domain/Nickname.js"
import * as PairNumber from "../../src/domain/PairNumber.js"
import { peerIdOf } from "../../src/domain/PeerId.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as PeerRecord from "../../src/protocol/PeerRecord.js"
import { alice, bob, EXPIRY, hex, type Person, repeated, type Vector, type VectorFile } from "./Keys.js"

export const identity = (): VectorFile => ({
  about:
    "Identities, their records and fingerprints, the number of a pair, and proofs for a challenge. Everybody's keys in the other files are those of alice and bob here.",
  section: "1.5",
  vectors: [
    of(alice),
    of(bob),
    { name: "number of the pair", number: PairNumber.of(crypto, peerOf(alice), peerOf(bob)) },
    proof("proof of version 1", {}),
    proof("proof of version 2", { server: "chat.example:9090" }),
    proof("proof of version 2 over TLS", { server: "[2001:db8::1]:9090", exporter: repeated(0xee, 32) })
  ]
})

export const nicknames = (): VectorFile => ({
  about:
    "What two nicknames are compared by: the same key is the same nickname, and of two that look alike only one is given away. Those marked are refused.",
  section: "1.3",
  vectors: [...GOOD, ...REFUSED].map((nick) => {
    const parsed = Nickname.parse(nick)
    return parsed._tag === "Right"
      ? { name: nick, nick: parsed.right.text, key: parsed.right.key, lookalike: parsed.right.lookalike }
      : { name: nick, refused: true }
  })
})

const of = (who: Person): Vector => ({
  name: who.nick,
  signSeed: hex(who.signSeed),
  identity: hex(who.signKeys.publicKey),
  staticSecret: hex(who.staticSecret),
  static: hex(who.staticKeys.publicKey),
  sequence: 1,
  expiry: EXPIRY,
  record: hex(who.record),
  fingerprint: Fingerprint.of(crypto, who.signKeys.publicKey)
})

const peerOf = ({ signKeys }: Person) => peerIdOf(signKeys.publicKey)

const proof = (name: string, occasion: { readonly server?: string; readonly exporter?: Uint8Array }): Vector => {
  const challenge = repeated(0xaa, 32)
  return {
    name,
    challenge: hex(challenge),
    ...(occasion.server === undefined ? {} : { server: occasion.server }),
    ...(occasion.exporter === undefined ? {} : { exporter: hex(occasion.exporter) }),
    record: hex(alice.record),
    proof: hex(PeerRecord.signProof(crypto, alice.signKeys.secretKey, { challenge, ...occasion }, alice.record))
  }
}

const GOOD = [
  "alice",
  "Alice",
  "аlice",
  "AIice",
  "vvillow",
  "willow",
  "clay",
  "day",
  "O'Brien",
  "Zoë",
  "日本語",
  "صديقي",
  "😀",
  "r2-d2",
  "x_y"
]
const REFUSED = [
  "",
  " ",
  "a b",
  "you",
  "root",
  "*",
  "-x",
  "x'",
  "a\u202eb",
  "a\u200db",
  "a\u0000",
  "→",
  "123456789012345678901234567890",
  "x".repeat(33)
]
