import { CHANNEL_BYTES } from "../domain/ChannelId.js"
import type { Crypto } from "../domain/Crypto.js"
import * as Bytes from "./Bytes.js"
import { MAX_RECORD } from "./PeerRecord.js"

/**
 * How peers on one local network introduce themselves without a server (docs/protocol.md §4): small datagrams between
 * the ports that they announce by multicast DNS.
 *
 * `6 | kind u8 | to 8 | sender 8 | nonce 16 | port u16 | length u16 | record`, filled up with zeros to `LAN_BYTES`, all
 * of the same size so that no answer is larger than what it answers.
 */
export interface LanPacket {
  /**
   * `ask`: who are you? `card`: this is me. `invite`: this is me, and I want to talk to you. The first has no record.
   */
  readonly kind: (typeof KINDS)[number]
  readonly to: LanName
  readonly sender: LanName
  /** 16 random bytes, the same for as long as the program runs. */
  readonly nonce: Uint8Array
  /** UDP port of the sender's peer link. */
  readonly port: number
  readonly record: Uint8Array
}

/** The name of an identity on a local network: 8 bytes of its hash in lower-case hexadecimal. */
export type LanName = string

/** The name of an identity key. The key cannot be found from it. */
export const nameOf = (crypto: Crypto, identity: Uint8Array): LanName =>
  Bytes.toHex(crypto.hash(32, [NAME_LABEL, identity]).subarray(0, NAME_BYTES))

export const encode = (packet: LanPacket): Uint8Array => {
  const writer = new Bytes.Writer(new Uint8Array(LAN_BYTES))
  writer.u8(LAN)
  writer.u8(KINDS.indexOf(packet.kind))
  writer.bytes(Bytes.fromHex(packet.to) ?? new Uint8Array(NAME_BYTES))
  writer.bytes(Bytes.fromHex(packet.sender) ?? new Uint8Array(NAME_BYTES))
  writer.bytes(packet.nonce)
  writer.u16(packet.port)
  writer.u16(packet.record.length)
  writer.bytes(packet.record)
  const written = writer.finish()
  const whole = new Uint8Array(LAN_BYTES)
  if (written !== undefined) whole.set(written)
  return whole
}

/** `undefined` unless `data` is such a packet of exactly `LAN_BYTES`. The record in it is not verified. */
export const decode = (data: Uint8Array): LanPacket | undefined => {
  if (data.length !== LAN_BYTES || data[0] !== LAN) return undefined
  const reader = new Bytes.Reader(data)
  reader.u8()
  const kind = KINDS[reader.u8()]
  const to = Bytes.toHex(reader.bytes(NAME_BYTES))
  const sender = Bytes.toHex(reader.bytes(NAME_BYTES))
  const nonce = Bytes.copy(reader.bytes(NONCE_BYTES))
  const port = reader.u16()
  const length = reader.u16()
  if (kind === undefined || port === 0 || length > MAX_RECORD) return undefined
  return { kind, to, sender, nonce, port, record: Bytes.copy(reader.bytes(length)) }
}

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
const NAME_BYTES = 8

/** Type byte, next to those of the peer link (`PacketType`), so that one socket could carry both. */
const LAN = 6
const KINDS = ["ask", "card", "invite"] as const

/** Bytes of every packet: the header and the largest record. */
export const LAN_BYTES = 1 + 1 + 2 * NAME_BYTES + NONCE_BYTES + 2 + 2 + MAX_RECORD

const NAME_LABEL = Bytes.fromText("parley lan name v1")
const CHANNEL_LABEL = Bytes.fromText("parley lan channel v1")
const PAIR_LABEL = Bytes.fromText("parley lan pair v1")
