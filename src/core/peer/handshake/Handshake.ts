import { type Crypto, KEY_BYTES, type KeyPair, type NoiseHandshake } from "../../../domain/Crypto.js"
import * as Bytes from "../../../protocol/Bytes.js"
import type { HandshakePayload } from "../../../protocol/Handshake.js"
import * as Wire from "../../../protocol/Handshake.js"
import * as PeerRecord from "../../../protocol/PeerRecord.js"

/**
 * The handshake of the peer link: Noise_IK_25519_ChaChaPoly_BLAKE2b, one round trip, both sides authenticated.
 *
 * The initiator learned the responder's static key from the introduction. It sends HS1 (the same bytes on every resend)
 * and keeps the `Initiation`; the responder opens it with `respond`, decides whether it wants this peer, and calls
 * `reply` once, which gives HS2 and its keys; HS2 in `complete` gives the initiator the matching ones.
 *
 * A packet from a stranger costs little: without a `mac1` made with the pair key and the receiver's static key it is
 * dropped after two short hashes, before any curve operation. The server knows the pair key too, so `mac1` saves effort
 * and authenticates nobody.
 *
 * Left to the caller are: finding the pair key by channel, `attempt` (replays of HS1), answering an identical HS1 with
 * the identical HS2, resends, and verifying the record in the payload (`PeerRecord.verify`) against the identity it
 * expects. This module checks that the record names the static key that the handshake authenticated.
 */
export interface Initiation {
  /** HS1. */
  readonly packet: Uint8Array
  /**
   * Gives the session when `hs2` is the authentic answer. For anything else it gives `undefined` and stays as it was,
   * so that a forgery sent ahead of the answer changes nothing. It succeeds at most once: the same keys are never
   * handed out twice.
   */
  readonly complete: (hs2: Uint8Array) => HandshakeResult | undefined
}

export interface InitiateOptions {
  readonly crypto: Crypto
  /** Our X25519 static key pair. */
  readonly staticKeys: KeyPair
  /** 32 fresh random bytes; copied. */
  readonly ephemeralSecret: Uint8Array
  /** The responder's X25519 static key, from its verified record. */
  readonly remoteStatic: Uint8Array
  /** 8 bytes. */
  readonly channel: Uint8Array
  /** 32 bytes. */
  readonly pairKey: Uint8Array
  /** Our index for packets of the new session (u32). */
  readonly senderIndex: number
  readonly payload: HandshakePayload
}

/**
 * Begins a handshake; `undefined` when the payload or a field is out of range or the remote key is a low-order point.
 */
export const initiate = (options: InitiateOptions): Initiation | undefined => {
  const { crypto, staticKeys, pairKey, remoteStatic } = options
  const ephemeralSecret = Bytes.copy(options.ephemeralSecret)
  const payload = Wire.encodePayload(options.payload)
  const header = Wire.encodeHeader({ type: Wire.HS1, channel: options.channel, senderIndex: options.senderIndex })
  if (payload === undefined || header === undefined) return undefined

  const begin = (): { readonly noise: NoiseHandshake; readonly message: Uint8Array } | undefined => {
    const noise = crypto.noiseInitiator({
      staticKeys,
      remoteStatic,
      ephemeralSecret,
      prologue: prologue(options.channel)
    })
    const message = noise.write(payload)
    return message === undefined ? undefined : { noise, message }
  }

  const first = begin()
  if (first === undefined) return undefined
  // A Noise state is spent by a failed read: the first one serves the first answer, later ones begin again from the
  // same inputs.
  let ready: NoiseHandshake | undefined = first.noise
  let completed = false

  return {
    packet: close(crypto, pairKey, remoteStatic, header, first.message),
    complete: (hs2) => {
      const answer = Wire.peek(hs2)
      if (completed || answer?.type !== Wire.HS2 || answer.receiverIndex !== options.senderIndex) return undefined
      if (!verifyMac1(crypto, pairKey, staticKeys.publicKey, hs2)) return undefined
      const noise = ready ?? begin()?.noise
      ready = undefined
      const opened = noise?.read(Wire.noiseMessage(hs2))
      if (noise === undefined || opened === undefined) return undefined
      const remotePayload = readPayload(opened, remoteStatic)
      const result = remotePayload && finish(noise, remoteStatic, answer.senderIndex, remotePayload)
      if (result === undefined) return undefined
      completed = true
      crypto.wipe(ephemeralSecret)
      return result
    }
  }
}

/** The keys of a new session. The `sendKey` of either side is the `receiveKey` of the other. */
export interface HandshakeResult {
  readonly sendKey: Uint8Array
  readonly receiveKey: Uint8Array
  /** The index that packets to the other side carry; it has chosen it. */
  readonly remoteIndex: number
  readonly remotePayload: HandshakePayload
  readonly remoteStatic: Uint8Array
}

export interface RespondOptions {
  readonly crypto: Crypto
  /** Our X25519 static key pair. */
  readonly staticKeys: KeyPair
  /** 32 fresh random bytes; copied. */
  readonly ephemeralSecret: Uint8Array
  /** The key of the channel that `peek` found in the packet. */
  readonly pairKey: Uint8Array
  readonly packet: Uint8Array
}

/**
 * An HS1 that was opened. `remoteStatic` is proven only once packets of the session arrive: HS1 itself may be a replay.
 */
export interface Received {
  readonly channel: Uint8Array
  readonly remoteIndex: number
  readonly remoteStatic: Uint8Array
  readonly payload: HandshakePayload
  /**
   * Makes HS2 with our own index and payload, and the session. `undefined` when these are out of range (then it may be
   * called again), when the key agreement fails, or after it has succeeded once.
   */
  readonly reply: (
    payload: HandshakePayload,
    senderIndex: number
  ) => { readonly packet: Uint8Array; readonly result: HandshakeResult } | undefined
}

/**
 * Opens an HS1; `undefined` unless its `mac1`, its Noise message, its payload and the static key in its record are all
 * right.
 */
export const respond = (options: RespondOptions): Received | undefined => {
  const { crypto, staticKeys, pairKey, packet } = options
  const header = Wire.peek(packet)
  if (header?.type !== Wire.HS1 || !verifyMac1(crypto, pairKey, staticKeys.publicKey, packet)) return undefined
  const noise = crypto.noiseResponder({
    staticKeys,
    ephemeralSecret: options.ephemeralSecret,
    prologue: prologue(header.channel)
  })
  const opened = noise.read(Wire.noiseMessage(packet))
  const remoteStatic = noise.remoteStatic()
  if (opened === undefined || remoteStatic === undefined) return undefined
  const remotePayload = readPayload(opened, remoteStatic)
  if (remotePayload === undefined) return undefined

  return {
    channel: header.channel,
    remoteIndex: header.senderIndex,
    remoteStatic,
    payload: remotePayload,
    reply: (payload, senderIndex) => {
      const encoded = Wire.encodePayload(payload)
      const head = Wire.encodeHeader({ type: Wire.HS2, receiverIndex: header.senderIndex, senderIndex })
      if (encoded === undefined || head === undefined) return undefined
      // A Noise state writes once, so a second reply ends here.
      const message = noise.write(encoded)
      const result = message && finish(noise, remoteStatic, header.senderIndex, remotePayload)
      if (message === undefined || result === undefined) return undefined
      return { packet: close(crypto, pairKey, remoteStatic, head, message), result }
    }
  }
}

/**
 * Whether the sender of a handshake packet knows the pair key, and means the owner of `receiverStatic`. Costs two
 * hashes and no curve operation.
 */
export const verifyMac1 = (
  crypto: Crypto,
  pairKey: Uint8Array,
  receiverStatic: Uint8Array,
  packet: Uint8Array
): boolean => {
  const border = packet.length - Wire.MAC1_BYTES
  return (
    border >= 0 &&
    Bytes.equal(mac1(crypto, pairKey, receiverStatic, [packet.subarray(0, border)]), packet.subarray(border))
  )
}

/** The `mac1` of a handshake packet: two packets with the same valid one are the same packet. A view. */
export const mac1Of = (packet: Uint8Array): Uint8Array => packet.subarray(packet.length - Wire.MAC1_BYTES)

export interface RetryTerms {
  readonly crypto: Crypto
  readonly pairKey: Uint8Array
  /** The HS1 that is answered. */
  readonly hs1: Uint8Array
  /** X25519 public key of the side that RETRY is for. */
  readonly receiverStatic: Uint8Array
}

/**
 * RETRY: the answer to an HS1 whose `mac1` is right, at the price of no curve operation. `salt`: 16 fresh random bytes.
 * Only who knows the pair key can make it or read it, and it fits this HS1 alone.
 */
export const retry = (terms: RetryTerms, cookie: Uint8Array, salt: Uint8Array): Uint8Array => {
  const { senderIndex } = Wire.peek(terms.hs1)!
  const packet = new Uint8Array(Wire.RETRY_BYTES)
  const header = Wire.encodeRetryHeader(senderIndex, salt)
  packet.set(header)
  terms.crypto.seal(retryKey(terms, salt), 0, header, cookie, packet.subarray(Wire.RETRY_HEADER))
  return packet
}

/** The cookie in RETRY; `undefined` when it is no authentic answer to this HS1. */
export const openRetry = (terms: RetryTerms, packet: Uint8Array): Uint8Array | undefined => {
  if (Wire.peekRetry(packet) === undefined) return undefined
  const header = packet.subarray(0, Wire.RETRY_HEADER)
  const key = retryKey(terms, header.subarray(Wire.RETRY_HEADER - Wire.SALT_BYTES))
  const cookie = new Uint8Array(Wire.COOKIE_BYTES)
  return terms.crypto.open(key, 0, header, packet.subarray(Wire.RETRY_HEADER), cookie) ? cookie : undefined
}

/** What proves, with HS1, that its sender got the cookie. */
export const mac2 = (crypto: Crypto, cookie: Uint8Array, hs1: Uint8Array): Uint8Array =>
  crypto.hash(Wire.MAC2_BYTES, [hs1], cookie)

/** HS1 as it is sent to somebody who wants to see its cookie. */
export const withCookie = (crypto: Crypto, cookie: Uint8Array, hs1: Uint8Array): Uint8Array =>
  Wire.wrap(hs1, mac2(crypto, cookie, hs1))

/** The HS1 and `mac2` in a packet that `withCookie` made. */
export const unwrap = Wire.unwrap
export const peekRetry = Wire.peekRetry

/** The clear fields of a handshake packet: where to look up the pair key (HS1) or the initiation (HS2). */
export const peek = Wire.peek

const MAC1_LABEL = Bytes.fromText("parley mac1 v1")
const RETRY_LABEL = Bytes.fromText("parley retry v1")
/** Names the protocol, so that no other Noise protocol with the same keys can ever share a transcript with this one. */
const PROLOGUE_LABEL = Bytes.fromText("parley peer v1")

const prologue = (channel: Uint8Array): Uint8Array => Bytes.concat([PROLOGUE_LABEL, channel])

const mac1 = (
  crypto: Crypto,
  pairKey: Uint8Array,
  receiverStatic: Uint8Array,
  parts: ReadonlyArray<Uint8Array>
): Uint8Array => crypto.hash(Wire.MAC1_BYTES, parts, crypto.hash(32, [MAC1_LABEL, pairKey, receiverStatic]))

const retryKey = ({ crypto, hs1, pairKey, receiverStatic }: RetryTerms, salt: Uint8Array): Uint8Array =>
  crypto.hash(KEY_BYTES, [RETRY_LABEL, pairKey, receiverStatic, mac1Of(hs1), salt])

const close = (
  crypto: Crypto,
  pairKey: Uint8Array,
  receiverStatic: Uint8Array,
  header: Uint8Array,
  message: Uint8Array
): Uint8Array => Bytes.concat([header, message, mac1(crypto, pairKey, receiverStatic, [header, message])])

/** The payload, if the record in it claims the key that the handshake has authenticated. */
const readPayload = (bytes: Uint8Array, remoteStatic: Uint8Array): HandshakePayload | undefined => {
  const payload = Wire.decodePayload(bytes)
  const record = payload && PeerRecord.decode(payload.record)
  return record !== undefined && Bytes.equal(record.staticKey, remoteStatic) ? payload : undefined
}

const finish = (
  noise: NoiseHandshake,
  remoteStatic: Uint8Array,
  remoteIndex: number,
  remotePayload: HandshakePayload
): HandshakeResult | undefined => {
  const keys = noise.finish()
  return keys && { sendKey: keys.send, receiveKey: keys.receive, remoteIndex, remotePayload, remoteStatic }
}
