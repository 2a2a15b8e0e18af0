import type { RequestBody } from "../core/control/ServerCodec.js"
import type { Crypto } from "../domain/Crypto.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Fingerprint from "../domain/Fingerprint.js"
import type { Nickname } from "../domain/Nickname.js"
import * as Bytes from "../protocol/Bytes.js"
import * as PeerRecord from "../protocol/PeerRecord.js"
import type { Registration } from "./Client.js"
import type { Profile } from "./Profile.js"

/** Who we are to the server and to peers: the profile, the nickname we hold or want, and the records we sign. */
export class Self {
  /** Fixed by the first successful registration. */
  profile: Profile | undefined
  /** While the server knows us. */
  registration: Registration | undefined
  /** The nickname to take back after an outage. */
  wanted: Nickname | undefined
  /** Our own record as peers get it, from the last registration on. */
  record: Uint8Array | undefined
  private sequence = 0
  private renewal = Number.POSITIVE_INFINITY

  constructor(private readonly crypto: Crypto) {}

  /** The request for a nickname, signed for this connection's challenge. */
  sign(options: {
    readonly profile: Profile
    readonly nick: Nickname
    readonly challenge: string
    readonly endpoints: ReadonlyArray<Endpoint.Endpoint>
    readonly token: string | undefined
    readonly wallNow: number
  }): { readonly record: Uint8Array; readonly body: RequestBody } {
    const { signKeys, staticKeys } = options.profile.identity
    // Wall time grows from process to process, the maximum within one when the clock is set back.
    this.sequence = Math.max(this.sequence + 1, Math.floor(options.wallNow))
    const record = PeerRecord.sign(this.crypto, signKeys.secretKey, {
      nick: options.nick.text,
      identity: signKeys.publicKey,
      staticKey: staticKeys.publicKey,
      sequence: this.sequence,
      expiry: Math.floor(options.wallNow) + RECORD_LIFE
    })! // A valid nickname has at most 128 bytes, keys have 32, and both numbers are safe for 285,000 years.
    this.renewal = options.wallNow + RECORD_LIFE / 2
    const challenge = Bytes.fromBase64Url(options.challenge) ?? new Uint8Array()
    return {
      record,
      body: {
        _tag: "Register",
        nick: options.nick.text,
        identity: Bytes.toBase64Url(signKeys.publicKey),
        record: Bytes.toBase64Url(record),
        proof: Bytes.toBase64Url(PeerRecord.signProof(this.crypto, signKeys.secretKey, challenge, record)),
        endpoints: options.endpoints.map(Endpoint.format),
        ...(options.token === undefined ? {} : { token: options.token })
      }
    }
  }

  /** Whether the record is old enough to be replaced by a fresh one. */
  renewalDue(wallNow: number): boolean {
    return this.registration !== undefined && wallNow >= this.renewal
  }

  fingerprintOf(profile: Profile): string {
    return Fingerprint.of(this.crypto, profile.identity.signKeys.publicKey)
  }
}

/**
 * Thirty days in ms: far beyond any wrong clock that still lets people work, short enough that a lost key's records die
 * out.
 */
const RECORD_LIFE = 30 * 86_400_000
