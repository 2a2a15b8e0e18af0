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
import type { QueryError } from "./ClientError.js"
import { keyChanged, noKey, protocol } from "./ClientError.js"
import type { Pins } from "./Pins.js"

/** What a server, or the local network, says of somebody: nothing of it is believed yet. */
export type OfferedIntroduction = Omit<typeof Control.Incoming.Type, "_tag">

/** An introduction by the server that has passed every check we can make before the handshake. */
export interface Vouched {
  readonly introduction: Introduction
  readonly peer: PeerId
  readonly nick: string
  readonly address: string
  readonly fingerprint: Fingerprint.Fingerprint
  /** Whether this identity is the one pinned under the nickname. */
  readonly known: boolean
}

/** An introduction that only the pin speaks against: what `trust` would accept. */
export interface ChangedKey {
  readonly error: QueryError
  readonly nick: string
  readonly identity: PeerId
  readonly fingerprint: Fingerprint.Fingerprint
}

export type Verdict =
  | { readonly _tag: "Vouched"; readonly vouched: Vouched }
  | { readonly _tag: "Changed"; readonly changed: ChangedKey }
  | { readonly _tag: "Refused"; readonly error: QueryError }

/**
 * Checks an introduction: the record is signed, has not expired and names the nickname that the server names; its
 * identity is the pinned one, if one is pinned. Candidates that are no usable addresses are left out.
 */
export const judge = (message: OfferedIntroduction, crypto: Crypto, pins: Pins, wallNow: number): Verdict => {
  const { nick } = message
  if (message.record === undefined) return refused(noKey(nick, "it has no key (an anonymous nickname)"))
  const { channel } = message
  const pairKey = Bytes.fromBase64Url(message.pairKey)
  if (!isChannel(channel) || pairKey?.length !== 32) return refused(protocol("the server sent a broken introduction"))
  const verified = PeerRecord.verify(crypto, Bytes.fromBase64Url(message.record) ?? new Uint8Array(), wallNow)
  if (Either.isLeft(verified)) return refused(noKey(nick, lowerFirst(verified.left.message)))
  const record = verified.right
  if (Nickname.key(record.nick) !== Nickname.key(nick))
    return refused(noKey(nick, `the server showed a record that somebody signed for "${record.nick}"`))

  const peer = peerIdOf(record.identity)
  const fingerprint = Fingerprint.of(crypto, record.identity)
  const pin = pins.get(Nickname.key(nick))
  if (pin !== undefined && pin.identity !== peer) {
    const error = keyChanged(nick, pin.fingerprint, fingerprint)
    return { _tag: "Changed", changed: { error, nick, identity: peer, fingerprint } }
  }
  const candidates = message.candidates.map(Endpoint.parse).filter(isUsable)
  return {
    _tag: "Vouched",
    vouched: {
      introduction: { channel, pairKey, record, candidates, relay: message.relay !== undefined },
      peer,
      nick,
      address: message.address,
      fingerprint,
      known: pin !== undefined
    }
  }
}

const isChannel = Schema.is(ChannelId)

const isUsable = (endpoint: Endpoint.Endpoint | undefined): endpoint is Endpoint.Endpoint =>
  endpoint !== undefined && endpoint.port !== 0 && Endpoint.scope(endpoint) !== "unusable"

const refused = (error: QueryError): Verdict => ({ _tag: "Refused", error })

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
