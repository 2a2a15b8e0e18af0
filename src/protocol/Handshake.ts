import { CHANNEL_BYTES } from "../domain/ChannelId.js"
import { TAG_BYTES } from "../domain/Crypto.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Bytes from "./Bytes.js"
import { MAX_RECORD } from "./PeerRecord.js"

/**
 * The packets of the peer link's handshake (docs/protocol.md §3) and the payload inside HS1 and HS2. Big-endian:
 *
 *     HS1 = 1 | channel 8 | sender index u32 | Noise IK message 1 | mac1 16
 *     HS2 = 2 | receiver index u32 | sender index u32 | Noise IK message 2 | mac1 16
 *     RETRY = 4 | receiver index u32 | salt 16 | sealed cookie 32
 *     HS1 with a cookie = 8 | HS1 | mac2 16
 *
 * The channel stands in the clear because the pair key that gates the packet is found by it: one look-up, no trial of
 * keys.
 */
export const HS1 = 1
export const HS2 = 2
const RETRY = 4
const HS1_WITH_COOKIE = 8

/**
 * UDP payload that every path is taken to carry (RFC 9000 §14: 1200 bytes, so that IPv6's minimum MTU holds any
 * header).
 */
export const MAX_PACKET = 1200
export const MAC1_BYTES = 16
export const HS1_HEADER = 1 + CHANNEL_BYTES + 4
export const HS2_HEADER = 1 + 4 + 4
export const SALT_BYTES = 16
export const COOKIE_BYTES = 16
/** Bytes of RETRY before the sealed cookie. */
export const RETRY_HEADER = 1 + 4 + SALT_BYTES
export const RETRY_BYTES = RETRY_HEADER + COOKIE_BYTES + TAG_BYTES
export const MAC2_BYTES = 16

/** Bytes of a connection's name. It must be unique among the connections of two peers; it need not be hard to guess. */
export const CONNECTION_BYTES = 8

export interface HandshakePayload {
  /**
   * Grows with each new HS1 on a channel by the same initiator; a responder drops what is not greater than the last
   * (u32).
   */
  readonly attempt: number
  /** 8 random bytes that name the sender's end of the connection. */
  readonly connection: Uint8Array
  /**
   * The other end's name as the sender believes it, zeros for none. Equal on both sides: a rekey; else a new
   * connection.
   */
  readonly peerConnection: Uint8Array
  /** The sender has asked for the receiver, whose text may therefore flow. */
  readonly consent: boolean
  /** Bits of optional abilities; unknown ones are ignored (u32). */
  readonly features: number
  /**
   * The credit of the receiver of this payload: how many messages (u16), of how many bytes together (u32), it may send
   * before the sender has asked for it.
   */
  readonly creditMessages: number
  readonly creditBytes: number
  /** The sender's signed record (protocol/PeerRecord); to be verified before anything here is believed. */
  readonly record: Uint8Array
  /** Where the sender may be reached; at most 8. */
  readonly candidates: ReadonlyArray<Endpoint.Endpoint>
  /** An extension that means nothing; never in what was decoded. */
  readonly grease?: { readonly type: number; readonly value: Uint8Array }
}

export type HandshakeHeader =
  | { readonly type: typeof HS1; readonly channel: Uint8Array; readonly senderIndex: number }
  | { readonly type: typeof HS2; readonly receiverIndex: number; readonly senderIndex: number }

/** The clear fields of a packet that has the type and size of a handshake; nothing in it is authentic yet. */
export const peek = (packet: Uint8Array): HandshakeHeader | undefined => {
  if (packet.length > MAX_PACKET) return undefined
  const reader = new Bytes.Reader(packet)
  switch (reader.u8()) {
    case HS1:
      if (packet.length < HS1_HEADER + NOISE_1 + MAC1_BYTES) return undefined
      return { type: HS1, channel: Bytes.copy(reader.bytes(CHANNEL_BYTES)), senderIndex: reader.u32() }
    case HS2:
      if (packet.length < HS2_HEADER + NOISE_2 + MAC1_BYTES) return undefined
      return { type: HS2, receiverIndex: reader.u32(), senderIndex: reader.u32() }
    default:
      return undefined
  }
}

/** The index that RETRY is for; nothing in it is authentic yet. `undefined` for any other packet. */
export const peekRetry = (packet: Uint8Array): number | undefined =>
  packet.length === RETRY_BYTES && packet[0] === RETRY ? new Bytes.Reader(packet, 1).u32() : undefined

/** The clear bytes of RETRY, before the sealed cookie. */
export const encodeRetryHeader = (receiverIndex: number, salt: Uint8Array): Uint8Array => {
  const writer = new Bytes.Writer(new Uint8Array(RETRY_HEADER))
  writer.u8(RETRY)
  writer.u32(receiverIndex)
  writer.bytes(salt)
  return writer.finish()!
}

/** HS1 with its proof that the sender is where it says it is. */
export const wrap = (hs1: Uint8Array, mac2: Uint8Array): Uint8Array =>
  Bytes.concat([Uint8Array.of(HS1_WITH_COOKIE), hs1, mac2])

/** The inverse of `wrap`: views. `undefined` for any other packet; that the HS1 is one is left to `peek`. */
export const unwrap = (packet: Uint8Array): { readonly hs1: Uint8Array; readonly mac2: Uint8Array } | undefined => {
  if (packet.length <= 1 + MAC2_BYTES || packet.length > MAX_PACKET || packet[0] !== HS1_WITH_COOKIE) return undefined
  const border = packet.length - MAC2_BYTES
  return { hs1: packet.subarray(1, border), mac2: packet.subarray(border) }
}

/** The clear bytes before the Noise message. */
export const encodeHeader = (header: HandshakeHeader): Uint8Array | undefined => {
  const writer = new Bytes.Writer(new Uint8Array(header.type === HS1 ? HS1_HEADER : HS2_HEADER))
  writer.u8(header.type)
  if (header.type === HS1) writer.bytes(header.channel)
  else writer.u32(header.receiverIndex)
  writer.u32(header.senderIndex)
  return writer.remaining === 0 ? writer.finish() : undefined
}

/** The Noise message of a packet that `peek` accepted: a view. */
export const noiseMessage = (packet: Uint8Array): Uint8Array =>
  packet.subarray(packet[0] === HS1 ? HS1_HEADER : HS2_HEADER, packet.length - MAC1_BYTES)

/**
 * The payload, fixed fields first:
 *
 *     attempt u32 | connection 8 | peer connection 8 | flags u8 (bit 0: consent) | features u32 |
 *     credit messages u16 | credit bytes u32 | extensions: (type varint | length varint | value)*
 *
 * Extension 1 is the record (exactly one), 2 a candidate (address 4 or 16 | port u16). `undefined` when a field is out
 * of range.
 */
export const encodePayload = (payload: HandshakePayload): Uint8Array | undefined => {
  if (payload.connection.length !== CONNECTION_BYTES || payload.peerConnection.length !== CONNECTION_BYTES) {
    return undefined
  }
  if (payload.record.length > MAX_RECORD || payload.candidates.length > Endpoint.MAX_CANDIDATES) return undefined
  const writer = new Bytes.Writer(new Uint8Array(MAX_PAYLOAD))
  writer.u32(payload.attempt)
  writer.bytes(payload.connection)
  writer.bytes(payload.peerConnection)
  writer.u8(payload.consent ? CONSENT : 0)
  writer.u32(payload.features)
  writer.u16(payload.creditMessages)
  writer.u32(payload.creditBytes)
  writeExtension(writer, RECORD, payload.record)
  for (const candidate of payload.candidates) {
    const address = Endpoint.toBytes(candidate)
    writeExtension(writer, CANDIDATE, Bytes.concat([address, Uint8Array.of(candidate.port >> 8, candidate.port)]))
  }
  if (payload.grease !== undefined) writeExtension(writer, payload.grease.type, payload.grease.value)
  return writer.finish()
}

/** The inverse of `encodePayload`; unknown extensions and flags are ignored. `undefined` for anything malformed. */
export const decodePayload = (bytes: Uint8Array): HandshakePayload | undefined => {
  const reader = new Bytes.Reader(bytes)
  const attempt = reader.u32()
  const connection = Bytes.copy(reader.bytes(CONNECTION_BYTES))
  const peerConnection = Bytes.copy(reader.bytes(CONNECTION_BYTES))
  const consent = (reader.u8() & CONSENT) !== 0
  const features = reader.u32()
  const creditMessages = reader.u16()
  const creditBytes = reader.u32()
  let record: Uint8Array | undefined
  const candidates: Array<Endpoint.Endpoint> = []
  while (reader.remaining > 0) {
    const type = reader.varint()
    const value = reader.bytes(reader.varint())
    if (reader.failed) return undefined
    if (type === RECORD) {
      if (record !== undefined || value.length > MAX_RECORD) return undefined
      record = Bytes.copy(value)
    } else if (type === CANDIDATE) {
      const candidate = decodeCandidate(value)
      if (candidate === undefined || candidates.length === Endpoint.MAX_CANDIDATES) return undefined
      candidates.push(candidate)
    }
  }
  if (reader.failed || record === undefined) return undefined
  return {
    attempt,
    connection,
    peerConnection,
    consent,
    features,
    creditMessages,
    creditBytes,
    record,
    candidates
  }
}

/** Noise IK message 1 around its payload: ephemeral key, sealed static key, tag of the payload. */
const NOISE_1 = 32 + (32 + 16) + 16
/** Noise IK message 2: ephemeral key, tag of the payload. */
const NOISE_2 = 32 + 16
/** Bytes that HS1 with a cookie, the largest of the packets, leaves for the payload. */
const MAX_PAYLOAD = MAX_PACKET - 1 - HS1_HEADER - NOISE_1 - MAC1_BYTES - MAC2_BYTES

const CONSENT = 1
const RECORD = 1
const CANDIDATE = 2

const writeExtension = (writer: Bytes.Writer, type: number, value: Uint8Array): void => {
  writer.varint(type)
  writer.varint(value.length)
  writer.bytes(value)
}

const decodeCandidate = (value: Uint8Array): Endpoint.Endpoint | undefined => {
  const reader = new Bytes.Reader(value)
  const address = reader.bytes(value.length - 2)
  const port = reader.u16()
  return reader.done && port !== 0 ? Endpoint.fromBytes(address, port) : undefined
}
