import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { ChannelId } from "../../domain/ChannelId.js"
import type { Crypto } from "../../domain/Crypto.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Fingerprint from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import { type PeerId, peerIdOf } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import type * as Control from "../../protocol/Control.js"
import * as PeerRecord from "../../protocol/PeerRecord.js"
import type { Introduction } from "../peer/Introduction.js"
import type { KeyChanged, QueryError } from "./ClientError.js"
import type { SeenRecord } from "./Contacts.js"
import { keyChanged, noKey, protocol } from "./ErrorTexts.js"
import type { Owner } from "./KeyChange.js"
import type { KeyOffer } from "./KeyOffers.js"

/** What a server, or the local network, says of somebody: nothing of it is believed yet. */
export interface OfferedIntroduction extends Omit<typeof Control.Incoming.Type, "_tag"> {
  /** Whether its program runs on this machine, as far as we can tell ourselves. */
  readonly isHere?: boolean
  /** Its owner has just signed it, to us: whatever the clocks say, it has not expired. */
  readonly isFresh?: boolean
}

/** An introduction by the server that has passed every check we can make before the handshake. */
export interface Vouched {
  readonly introduction: Introduction
  readonly peer: PeerId
  readonly nick: string
  readonly address: string
  readonly fingerprint: Fingerprint.Fingerprint
}

/** What we know that an introduction may contradict. */
export interface Knowledge {
  /** Whose the nickname is, if it is somebody else's than this peer's. */
  readonly ownerBeside: (nick: string, peer: PeerId) => Owner | undefined
  /** The newest record of this identity that we have seen. */
  readonly newest: (peer: PeerId) => SeenRecord | undefined
}

export type Verdict =
  | { readonly _tag: "Vouched"; readonly vouched: Vouched }
  /** Only what we know of the nickname speaks against it: what `trust` would accept. */
  | { readonly _tag: "Changed"; readonly offer: KeyOffer; readonly owner: Owner; readonly error: KeyChanged }
  | { readonly _tag: "Refused"; readonly error: QueryError }

/**
 * Checks an introduction: the record is signed, has not expired, names the nickname that the server names, and is not
 * older than one that named another; and the nickname is nobody else's. Candidates that are no usable addresses are
 * left out.
 */
export const judge = (message: OfferedIntroduction, crypto: Crypto, knowledge: Knowledge, wallNow: number): Verdict => {
  const { isFresh = false, nick } = message
  if (message.record === undefined) return refused(noKey(nick, "it has no key (an anonymous nickname)"))
  const { channel } = message
  const pairKey = Bytes.fromBase64Url(message.pairKey)
  if (!isChannel(channel) || pairKey?.length !== 32) return refused(protocol("the server sent a broken introduction"))
  const verified = PeerRecord.verify(
    crypto,
    Bytes.fromBase64Url(message.record) ?? new Uint8Array(),
    isFresh ? PeerRecord.ANY_TIME : wallNow
  )
  if (Either.isLeft(verified)) return refused(noKey(nick, RECORD_FAULTS[verified.left.reason]))
  const record = verified.right
  if (Nickname.key(record.nick) !== Nickname.key(nick))
    return refused(noKey(nick, `the server showed a record that somebody signed for "${record.nick}"`))
  // An honest server gives no such nickname away; one that imitates what the program says must not reach a screen.
  for (const name of [nick, record.nick]) {
    const valid = Nickname.parse(name)
    if (Either.isLeft(valid)) return refused(noKey(nick, `that is no nickname: one like this ${valid.left}`))
  }

  const peer = peerIdOf(record.identity)
  const newest = knowledge.newest(peer)
  if (newest !== undefined && isOutdated(record, newest, wallNow))
    return refused(noKey(nick, `the server showed an old record of this key, which is called "${newest.nick}" by now`))
  const fingerprint = Fingerprint.of(crypto, record.identity)
  const owner = knowledge.ownerBeside(nick, peer)
  if (owner !== undefined) {
    const error = keyChanged(nick, owner, fingerprint)
    return { _tag: "Changed", offer: { nick, peer, fingerprint }, owner, error }
  }
  const { isHere = false } = message
  const candidates = message.candidates.map(Endpoint.parse).filter(isUsable)
  return {
    _tag: "Vouched",
    vouched: {
      introduction: {
        channel,
        pairKey,
        record,
        candidates,
        relay: message.relay !== undefined,
        isHere,
        seenAt: Endpoint.parse(message.address)?.address
      },
      peer,
      nick,
      address: message.address,
      fingerprint
    }
  }
}

/**
 * Whether a record gives its key another nickname than a newer one that we have seen. An older one with the same
 * nickname says nothing new, and comes from everybody whose clock was set back. A record is good for thirty days, so
 * longer than that no newer one is remembered.
 */
const isOutdated = (record: PeerRecord.PeerRecord, newest: SeenRecord, wallNow: number): boolean =>
  wallNow < newest.until && record.sequence < newest.sequence && Nickname.key(record.nick) !== Nickname.key(newest.nick)

const isChannel = Schema.is(ChannelId)

const isUsable = (endpoint: Endpoint.Endpoint | undefined): endpoint is Endpoint.Endpoint =>
  endpoint !== undefined && endpoint.port !== 0 && Endpoint.scope(endpoint) !== "unusable"

const refused = (error: QueryError): Verdict => ({ _tag: "Refused", error })

const RECORD_FAULTS: { readonly [Reason in PeerRecord.PeerRecordError["reason"]]: string } = {
  Malformed: "what the server shows of its key cannot be read; is it of another version?",
  BadSignature: "what the server shows of its key is not signed with it",
  Expired: "what the server shows of its key has expired; is its clock right?"
}
