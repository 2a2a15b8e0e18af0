import { TAG_BYTES } from "../domain/Crypto.js"
import { Reader, Writer } from "./Bytes.js"

/**
 * DATA, the packet that carries everything after the handshake (docs/protocol.md §3):
 *
 *     3 | receiver index u32 | counter u64 | AEAD(frames)
 *
 * The 13 bytes in clear are the additional data of the AEAD, the counter is its nonce. The index alone tells the keys,
 * so a packet may come from any address.
 */
export interface DataHeader {
  /** Chosen by the receiver in the handshake. */
  readonly receiverIndex: number
  /** The packet number: grows with each packet of a connection, over all its keys, and is never used twice. */
  readonly counter: number
}

/**
 * First byte of a packet. 5 goes between a client and the server's relay (protocol/RelayEnvelope), and 7 in such
 * envelopes. STUN is told apart by its magic cookie.
 */
export const PacketType = {
  open: 0,
  handshake1: 1,
  handshake2: 2,
  data: 3,
  retry: 4,
  relay: 5,
  proof: 7,
  handshake1WithCookie: 8
} as const

/**
 * Bytes of UDP payload in a packet with data on a path of which nothing is known: passes, in the envelope of the relay
 * as well, the smallest link that IPv4 knows in practice (576).
 */
export const SAFE_DATAGRAM = 512
/**
 * Bytes in the largest packet of a handshake, and of what goes over a relay: passes the smallest IPv6 link (1280) with
 * room for a tunnel.
 */
export const MAX_DATAGRAM = 1200
/**
 * Bytes in the largest DATA packet on a path that was found to carry it: beyond this the cipher is the limit, not the
 * system call.
 */
export const MAX_PACKET = 16 * 1024
export const HEADER_BYTES = 13
/** Bytes that a packet adds to its frames. */
export const OVERHEAD = HEADER_BYTES + TAG_BYTES
/**
 * The sealed part of a packet with stream data is a multiple of this, or the packet is full, so that its size tells
 * little of what was written.
 */
export const PADDING_STEP = 64

/** Writes the header to the start of `packet`, which has room for it. */
export const writeHeader = (packet: Uint8Array, receiverIndex: number, counter: number): void => {
  const writer = new Writer(packet)
  writer.u8(PacketType.data)
  writer.u32(receiverIndex)
  writer.u64(counter)
}

/**
 * The header of a DATA packet; `undefined` for any other packet, a too short or too long one, or a counter above 2^53 -
 * 1.
 */
export const readHeader = (packet: Uint8Array): DataHeader | undefined => {
  if (packet.length < OVERHEAD || packet.length > MAX_PACKET || packet[0] !== PacketType.data) return undefined
  const reader = new Reader(packet)
  reader.u8()
  const receiverIndex = reader.u32()
  const counter = reader.u64()
  return reader.failed ? undefined : { receiverIndex, counter }
}

/** Bytes of padding that `length` bytes of frames need in a packet with room for `room`. */
export const paddingFor = (length: number, room: number): number => {
  const over = (length + TAG_BYTES) % PADDING_STEP
  return over === 0 ? 0 : Math.min(PADDING_STEP - over, room - length)
}
