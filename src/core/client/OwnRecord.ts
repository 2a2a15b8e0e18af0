import type { Crypto } from "../../domain/Crypto.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Fingerprint from "../../domain/Fingerprint.js"
import type { Identity } from "../../domain/Identity.js"
import type { Nickname } from "../../domain/Nickname.js"
import { type PeerId, peerIdOf } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as PeerRecord from "../../protocol/PeerRecord.js"
import type { RequestBody } from "../control/ServerCodec.js"
import type { Past } from "../peer/Journal.js"
import type { Contacts } from "./Contacts.js"
import type { Groups } from "./groups/Groups.js"
import type { PeerInfo } from "./PeerInfo.js"
import type { ServerPins } from "./ServerPins.js"

/** Who we are under a nickname, and whom we know: what the machine needs of a profile. */
export interface OwnProfile {
  readonly identity: Identity
  readonly contacts: Contacts
  readonly servers: ServerPins
  readonly groups: Groups
  /** Whether the identity outlives this process. */
  readonly persistent: boolean
  /** Where the profile is kept, for messages to people. */
  readonly location: string
  /** What was not forgotten of earlier processes; nothing for a passing profile. */
  readonly journal: JournalView | undefined
}

/** What the machine asks of the journal; each answer is there at once. */
export interface JournalView {
  readonly past: (peer: PeerId) => Past | undefined
  /** Peers that messages wait for, as they were last called. */
  readonly waiting: () => ReadonlyArray<{ readonly peer: PeerId; readonly nick: string; readonly messages: number }>
  /** Whether there is room for one more message of `length` bytes to this peer. */
  readonly accepts: (peer: PeerId, length: number) => boolean
}

/** Who we are to the server and to peers: the profile, the nickname we hold or want, and the records we sign. */
export class OwnRecord {
  /** What our user says about being away; `undefined` when they are there. */
  away: string | undefined
  /** Fixed by the first successful registration. */
  profile: OwnProfile | undefined
  /** While the server knows us. */
  registration: PeerInfo | undefined
  /** The nickname to take back after an outage. */
  wanted: Nickname | undefined
  /** Our own record as peers get it, from the last registration on. */
  record: Uint8Array | undefined
  #sequence = 0
  #renewalAt = Number.POSITIVE_INFINITY

  constructor(private readonly crypto: Crypto) {}

  /** The request for a nickname, signed for this connection to this server. */
  sign(options: {
    readonly profile: OwnProfile
    readonly nick: Nickname
    readonly occasion: PeerRecord.Occasion
    readonly endpoints: ReadonlyArray<Endpoint.Endpoint>
    /** Whether nobody but the server is to learn our addresses. */
    readonly isPrivate: boolean
    readonly token: string | undefined
    readonly wallNow: number
  }): { readonly record: Uint8Array; readonly body: RequestBody & { readonly _tag: "Register" } } {
    const { signKeys, staticKeys } = options.profile.identity
    // Wall time grows from process to process, the maximum within one when the clock is set back.
    this.#sequence = Math.max(this.#sequence + 1, Math.floor(options.wallNow))
    const record = PeerRecord.sign(this.crypto, signKeys.secretKey, {
      nick: options.nick.text,
      identity: signKeys.publicKey,
      staticKey: staticKeys.publicKey,
      sequence: this.#sequence,
      expiry: Math.floor(options.wallNow) + RECORD_LIFE
    })! // A valid nickname has at most 128 bytes, keys have 32, and both numbers are safe for 285,000 years.
    this.#renewalAt = options.wallNow + RECORD_LIFE / 2
    const { occasion } = options
    return {
      record,
      body: {
        _tag: "Register",
        nick: options.nick.text,
        identity: Bytes.toBase64Url(signKeys.publicKey),
        record: Bytes.toBase64Url(record),
        proof: Bytes.toBase64Url(PeerRecord.signProof(this.crypto, signKeys.secretKey, occasion, record)),
        ...(occasion.server === undefined ? {} : { server: occasion.server }),
        endpoints: options.endpoints.map(Endpoint.format),
        ...(options.isPrivate ? { private: true } : {}),
        ...(options.token === undefined ? {} : { token: options.token })
      }
    }
  }

  /** Whether the record is old enough to be replaced by a fresh one. */
  renewalDue(wallNow: number): boolean {
    return this.registration !== undefined && wallNow >= this.#renewalAt
  }

  fingerprintOf(profile: OwnProfile): Fingerprint.Fingerprint {
    return Fingerprint.of(this.crypto, profile.identity.signKeys.publicKey)
  }

  /** What peers know us by. */
  get peer(): PeerId | undefined {
    return this.profile && peerIdOf(this.profile.identity.signKeys.publicKey)
  }
}

/**
 * Thirty days in ms: far beyond any wrong clock that still lets people work, short enough that a lost key's records die
 * out.
 */
const RECORD_LIFE = 30 * 86_400_000
