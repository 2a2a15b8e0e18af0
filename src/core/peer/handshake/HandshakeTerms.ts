import { channelIdBytes } from "../../../domain/ChannelId.js"
import * as Bytes from "../../../protocol/Bytes.js"
import { CONNECTION_BYTES, type HandshakePayload } from "../../../protocol/Handshake.js"
import * as PeerRecord from "../../../protocol/PeerRecord.js"
import * as Grease from "../../support/Grease.js"
import type { AssociationContext } from "../AssociationContext.js"
import type { Conversation } from "../chat/Conversation.js"
import * as Features from "../Features.js"
import { Epoch } from "../keys/Epoch.js"
import { type HandshakeResult, type Initiation, initiate, mac1Of, type Received, respond } from "./Handshake.js"
import type { OpenIntroduction } from "./OpenIntroduction.js"

/**
 * The payload of our handshake packets: our record and addresses, the ends of the connection that we believe in, and
 * what the peer may send.
 */
export const payload = (
  context: AssociationContext,
  { consented, credit, peer }: Conversation,
  attempt: number,
  connection: Uint8Array,
  peerConnection: Uint8Array
): HandshakePayload => {
  const { extension, feature } = Grease.ofHandshake(context.entropy.bytes)
  return {
    attempt,
    connection,
    peerConnection,
    consent: consented,
    features: Features.ours(context.nat(), context.guesses) + feature,
    creditMessages: credit.messages,
    creditBytes: credit.bytes,
    record: context.record(),
    candidates: context.candidates(peer),
    ...(extension && { grease: extension })
  }
}

/**
 * Makes a new HS1, with an index of ours for its answer. `remoteId` is absent when a new connection is wanted.
 * `undefined` when no HS1 can be made: the peer's key is a low-order point, or our own record was never set.
 */
export const request = (
  context: AssociationContext,
  conversation: Conversation,
  introduction: OpenIntroduction,
  localId: Uint8Array,
  remoteId: Uint8Array | undefined,
  now: number
): { readonly initiation: Initiation; readonly index: number } | undefined => {
  const index = context.indexes.allocate()
  const age = Math.floor((now - context.startedAt) / ATTEMPT_UNIT)
  introduction.sentAttempt = Math.max(introduction.sentAttempt, age) + 1
  const initiation = initiate({
    crypto: context.crypto,
    staticKeys: context.staticKeys,
    ephemeralSecret: context.entropy.bytes(32),
    remoteStatic: introduction.record.staticKey,
    channel: channelIdBytes(introduction.channel),
    pairKey: introduction.pairKey,
    senderIndex: index,
    payload: payload(context, conversation, introduction.sentAttempt, localId, remoteId ?? NO_ID)
  })
  return initiation && { initiation, index }
}

/**
 * Opens an HS1 whose `mac1` is right. `undefined` unless its attempt is newer than all before, and it is from the very
 * peer that we were introduced to. Only one that is accepted counts: the introduction opens no other for
 * `HANDSHAKE_INTERVAL`. Whether it was or not, it is not opened again.
 */
export const receive = (
  { crypto, entropy, staticKeys }: AssociationContext,
  introduction: OpenIntroduction,
  packet: Uint8Array,
  now: number
): Received | undefined => {
  introduction.opened.add(Bytes.toHex(mac1Of(packet)))
  const { pairKey, record } = introduction
  const received = respond({ crypto, staticKeys, ephemeralSecret: entropy.bytes(32), pairKey, packet })
  if (received === undefined || received.payload.attempt <= introduction.receivedAttempt) return undefined
  if (!Bytes.equal(received.remoteStatic, record.staticKey) || !areFrom(introduction, received.payload))
    return undefined
  introduction.receivedAttempt = received.payload.attempt
  introduction.busyUntil = now + HANDSHAKE_INTERVAL
  return received
}

/** The keys of a completed handshake; packets to us carry `index`. `initiator`: whether we began it. */
export const epochOf = (
  { crypto }: AssociationContext,
  result: HandshakeResult,
  index: number,
  initiator: boolean,
  now: number
): Epoch => new Epoch(crypto, index, result.remoteIndex, result.sendKey, result.receiveKey, now, initiator)

/** Whether the record in the other side's payload names the identity that we were introduced to. */
export const areFrom = (introduction: OpenIntroduction, terms: HandshakePayload): boolean => {
  const record = PeerRecord.decode(terms.record)
  return record !== undefined && Bytes.equal(record.identity, introduction.record.identity)
}

/**
 * ms in which `attempt` grows by at least one. So it also grows when we forgot an introduction and received it again on
 * the same channel, while the peer still remembers our last attempt there. It fits 32 bits for more than a year.
 */
const ATTEMPT_UNIT = 10
const NO_ID = new Uint8Array(CONNECTION_BYTES)
/**
 * ms between two handshakes that are accepted on one introduction, so that one peer does not use up alone what all
 * share (`HandshakeGate`).
 */
const HANDSHAKE_INTERVAL = 50
