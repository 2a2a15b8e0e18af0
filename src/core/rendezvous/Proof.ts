import * as Either from "effect/Either"
import type { Crypto, SignatureCheck } from "../../domain/Crypto.js"
import * as Fingerprint from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import type { VerifiedIdentity } from "../../domain/Registration.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { Register } from "../../protocol/Control.js"
import type { RefusalBody } from "../../protocol/ControlCodec.js"
import * as PeerRecord from "../../protocol/PeerRecord.js"

/** What a `Register` says of its sender's identity: true when the signatures of `checks` are good. */
export interface IdentityClaim {
  readonly checks: ReadonlyArray<SignatureCheck>
  readonly identity: VerifiedIdentity
}

/**
 * What the identity in a `Register` says of itself: its record is whole and of this nickname. That it is the sender's
 * own is for the signatures to show: the identity's over the record, and over this connection. They cost a hundred
 * times what everything else does, so they come last. Whether the record has expired is for the peers to judge:
 * the proof is of this moment, and a server whose clock is wrong must not shut everybody out. `undefined` for an
 * anonymous registration, which has no identity, record or proof.
 */
export const read = (
  crypto: Crypto,
  request: typeof Register.Type,
  nickname: Nickname.Nickname,
  occasion: Omit<PeerRecord.Occasion, "server">
): Either.Either<IdentityClaim | undefined, RefusalBody> => {
  if (request.identity === undefined && request.record === undefined && request.proof === undefined) {
    return Either.right(undefined)
  }
  const identity = Bytes.fromBase64Url(request.identity ?? "")
  const bytes = Bytes.fromBase64Url(request.record ?? "")
  const proof = Bytes.fromBase64Url(request.proof ?? "")
  if (identity === undefined || bytes === undefined || proof === undefined) {
    return refuse("`identity`, `record` and `proof` belong together and are base64url")
  }
  const record = PeerRecord.decode(bytes)
  if (record === undefined) return refuse("this is not a peer record of version 1")
  if (!Bytes.equal(record.identity, identity)) return refuse("the record is another identity's")
  if (Nickname.key(record.nick) !== nickname.key) return refuse("the record is for another nickname")
  return Either.right({
    checks: [
      PeerRecord.proofCheck(proof, identity, { ...occasion, server: request.server }, bytes),
      PeerRecord.recordCheck(bytes, identity)
    ],
    identity: {
      key: Bytes.toBase64Url(identity),
      fingerprint: Fingerprint.of(crypto, identity),
      record: Bytes.toBase64Url(bytes)
    }
  })
}

/** The answer to a claim whose signatures are not good. */
export const BAD_SIGNATURE: RefusalBody = {
  _tag: "Unauthorized",
  message: "the record or the proof for this connection is not signed by this identity"
}

const refuse = (message: string) => Either.left<RefusalBody>({ _tag: "Unauthorized", message })
