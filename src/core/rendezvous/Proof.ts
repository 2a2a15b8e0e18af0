import * as Either from "effect/Either"
import type { Crypto } from "../../domain/Crypto.js"
import * as Fingerprint from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import type { VerifiedIdentity } from "../../domain/Registration.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { Register } from "../../protocol/Control.js"
import type { RefusalBody } from "../../protocol/ControlCodec.js"
import * as PeerRecord from "../../protocol/PeerRecord.js"

/**
 * Whether the identity in a `Register` is the sender's own: its record is whole, of this nickname and not expired, and
 * the proof covers this connection's challenge. `undefined` for an anonymous registration, which has none of the three.
 */
export const check = (
  crypto: Crypto,
  request: typeof Register.Type,
  nickname: Nickname.Nickname,
  challenge: Uint8Array,
  wallNow: number
): Either.Either<VerifiedIdentity | undefined, RefusalBody> => {
  if (request.identity === undefined && request.record === undefined && request.proof === undefined) {
    return Either.right(undefined)
  }
  const identity = Bytes.fromBase64Url(request.identity ?? "")
  const record = Bytes.fromBase64Url(request.record ?? "")
  const proof = Bytes.fromBase64Url(request.proof ?? "")
  if (identity === undefined || record === undefined || proof === undefined) {
    return refuse("`identity`, `record` and `proof` belong together and are base64url")
  }
  // The proof first: only the owner of the identity passes it, while anybody can send a record that is good.
  if (!PeerRecord.verifyProof(crypto, proof, identity, challenge, record)) {
    return refuse("the proof is not this identity's signature over this connection's challenge")
  }
  const verified = PeerRecord.verify(crypto, record, wallNow)
  if (Either.isLeft(verified)) return refuse(verified.left.message)
  if (!Bytes.equal(verified.right.identity, identity)) return refuse("the record is another identity's")
  if (Nickname.key(verified.right.nick) !== nickname.key) return refuse("the record is for another nickname")
  return Either.right({
    key: Bytes.toBase64Url(identity),
    fingerprint: Fingerprint.of(crypto, identity),
    record: Bytes.toBase64Url(record)
  })
}

const refuse = (message: string) => Either.left<RefusalBody>({ _tag: "Unauthorized", message })
