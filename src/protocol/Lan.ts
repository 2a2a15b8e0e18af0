import { CHANNEL_BYTES } from "../domain/ChannelId.js"
import type { Crypto } from "../domain/Crypto.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Bytes from "./Bytes.js"

/**
 * How peers on one local network introduce themselves without a server (docs/protocol.md §4): small datagrams between
 * the ports that they announce by multicast DNS.
 *
 *     6 | kind u8 | to 8 | sender 8 | question 16 | at 4, port u16 | nonce 16 | port u16 | cookie 16 | signature 64 |
 *     length u16 | record
 *
 * filled up with zeros to `LAN_BYTES`, all of the same size so that no answer is larger than what it answers.
 */
export type LanPacket = LanQuestion | LanCard

interface LanHead {
  readonly to: LanName
  readonly sender: LanName
  /** 16 random bytes, fresh for each question; a card returns those of what it answers. */
  readonly question: Uint8Array
  /** Where the question was sent, as the asker sees it: IPv4. */
  readonly at: Endpoint.Endpoint
}

/** Who are you? */
export interface LanQuestion extends LanHead {
  readonly kind: "ask"
}

/** `card`: this is me, in answer to a question. `invite`: this is me, and I want to talk to you; a question too. */
export interface LanCard extends LanHead {
  readonly kind: "card" | "invite"
  /** 16 random bytes, the same for as long as the program runs. */
  readonly nonce: Uint8Array
  /** UDP port of the sender's peer link. */
  readonly port: number
  /**
   * In a card: 16 bytes that its receiver shows when it invites, from the same address and soon. In an invitation:
   * those of the card before it.
   */
  readonly cookie: Uint8Array
  readonly record: Uint8Array
}

/** As it was decoded: the record and the signature are not verified. */
export type Decoded = LanQuestion | (LanCard & { readonly signature: Uint8Array; readonly signed: Uint8Array })

/** The name of an identity on a local network: 8 bytes of its hash in lower-case hexadecimal. */
export type LanName = string

/** The name of an identity key. The key cannot be found from it. */
export const nameOf = (crypto: Crypto, identity: Uint8Array): LanName =>
  Bytes.toHex(crypto.hash(32, [NAME_LABEL, identity]).subarray(0, NAME_BYTES))

/** The packet; a card and an invitation are signed with `secretKey`, that of the identity in their record. */
export const encode = (crypto: Crypto, packet: LanPacket, secretKey: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(LAN_BYTES)
  const writer = new Bytes.Writer(whole)
  writer.u8(LAN)
  writer.u8(FIRST_KIND + KINDS.indexOf(packet.kind))
  writer.bytes(Bytes.fromHex(packet.to) ?? new Uint8Array(NAME_BYTES))
  writer.bytes(Bytes.fromHex(packet.sender) ?? new Uint8Array(NAME_BYTES))
  writer.bytes(packet.question)
  writer.bytes(Endpoint.toBytes(packet.at))
  writer.u16(packet.at.port)
  if (packet.kind === "ask" || packet.record.length > MAX_CARD_RECORD) return whole
  writer.bytes(packet.nonce)
  writer.u16(packet.port)
  writer.bytes(packet.cookie)
  writer.bytes(crypto.sign(signedPart(whole, packet.record), secretKey))
  writer.u16(packet.record.length)
  writer.bytes(packet.record)
  return whole
}

/** `undefined` unless `data` is such a packet of exactly `LAN_BYTES`. */
export const decode = (data: Uint8Array): Decoded | undefined => {
  if (data.length !== LAN_BYTES || data[0] !== LAN) return undefined
  const reader = new Bytes.Reader(data)
  reader.u8()
  const kind = KINDS[reader.u8() - FIRST_KIND]
  const to = Bytes.toHex(reader.bytes(NAME_BYTES))
  const sender = Bytes.toHex(reader.bytes(NAME_BYTES))
  const question = Bytes.copy(reader.bytes(NONCE_BYTES))
  const address = reader.bytes(4)
  const at = Endpoint.fromBytes(address, reader.u16())
  if (kind === undefined || at === undefined) return undefined
  if (kind === "ask") return { kind, to, sender, question, at }
  const nonce = Bytes.copy(reader.bytes(NONCE_BYTES))
  const port = reader.u16()
  const cookie = Bytes.copy(reader.bytes(COOKIE_BYTES))
  const signature = Bytes.copy(reader.bytes(SIGNATURE_BYTES))
  const length = reader.u16()
  if (port === 0 || length > MAX_CARD_RECORD) return undefined
  const record = Bytes.copy(reader.bytes(length))
  return { kind, to, sender, question, at, nonce, port, cookie, record, signature, signed: signedPart(data, record) }
}

/** Everything that a card says, behind the label. */
const signedPart = (whole: Uint8Array, record: Uint8Array): Uint8Array =>
  Bytes.concat([CARD_LABEL, whole.subarray(0, SIGNED_BYTES), record])

/** One end of an introduction. */
export interface LanEnd {
  readonly identity: Uint8Array
  readonly nonce: Uint8Array
}

/**
 * The channel and the pair key that a server would give to two peers. Both derive the same from the identities and
 * nonces of the two; the order of the ends does not matter.
 */
export const introduce = (
  crypto: Crypto,
  left: LanEnd,
  right: LanEnd
): { readonly channel: Uint8Array; readonly pairKey: Uint8Array } => {
  const [low, high] = Bytes.compare(left.identity, right.identity) < 0 ? [left, right] : [right, left]
  const parts = [low.identity, low.nonce, high.identity, high.nonce]
  return {
    channel: crypto.hash(32, [CHANNEL_LABEL, ...parts]).slice(0, CHANNEL_BYTES),
    pairKey: crypto.hash(32, [PAIR_LABEL, ...parts])
  }
}

export const NONCE_BYTES = 16
export const COOKIE_BYTES = 16
const SIGNATURE_BYTES = 64
const NAME_BYTES = 8

/** Type byte, next to those of the peer link (`PacketType`), so that one socket could carry both. */
const LAN = 6
const KINDS = ["ask", "card", "invite"] as const
/** 0 to 2 are the kinds of version 1, in which nothing was signed. */
const FIRST_KIND = 3

/** Bytes of what is signed, besides the record. */
const SIGNED_BYTES = 1 + 1 + 2 * NAME_BYTES + NONCE_BYTES + 6 + NONCE_BYTES + 2 + COOKIE_BYTES
/** Bytes of every packet. */
export const LAN_BYTES = 439
/** Bytes of the largest record that has room; one with the longest nickname has 274. */
const MAX_CARD_RECORD = LAN_BYTES - SIGNED_BYTES - SIGNATURE_BYTES - 2

const CARD_LABEL = Bytes.fromText("parley lan card v2")
const NAME_LABEL = Bytes.fromText("parley lan name v1")
const CHANNEL_LABEL = Bytes.fromText("parley lan channel v1")
const PAIR_LABEL = Bytes.fromText("parley lan pair v1")
