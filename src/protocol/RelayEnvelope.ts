import { CHANNEL_BYTES } from "../domain/ChannelId.js"
import * as Bytes from "./Bytes.js"
import { MAX_DATAGRAM, PacketType } from "./DataPacket.js"

/**
 * The envelope of a packet of the peer link between a client and the server's relay (docs/protocol.md §2.2):
 *
 *     to the server:   5 | channel 8 | token 8 | packet
 *     from the server: 5 | channel 8 | packet
 *
 * An envelope with an empty packet is for the server alone, and tells it the address at which the client can be
 * reached. So is one with a proof, `7 | nonce 8`: the server sends it to an address, and the client sends it back with
 * its token, from there.
 */
export interface Envelope {
  /** `CHANNEL_BYTES`: a view. */
  readonly channel: Uint8Array
  /** At most `MAX_DATAGRAM` bytes: a view. */
  readonly packet: Uint8Array
}

export const TOKEN_BYTES = 8

export const toServer = (channel: Uint8Array, token: Uint8Array, packet: Uint8Array): Uint8Array => {
  const data = new Uint8Array(TO_SERVER + packet.length)
  data[0] = PacketType.relay
  data.set(channel, 1)
  data.set(token, FROM_SERVER)
  data.set(packet, TO_SERVER)
  return data
}

export const fromServer = (channel: Uint8Array, packet: Uint8Array): Uint8Array => {
  const data = new Uint8Array(FROM_SERVER + packet.length)
  data[0] = PacketType.relay
  data.set(channel, 1)
  data.set(packet, FROM_SERVER)
  return data
}

/** `undefined` unless `data` is an envelope of a client, and not too long. */
export const readToServer = (data: Uint8Array): (Envelope & { readonly token: Uint8Array }) | undefined =>
  data[0] !== PacketType.relay || data.length < TO_SERVER || data.length > TO_SERVER + MAX_DATAGRAM
    ? undefined
    : {
        channel: data.subarray(1, FROM_SERVER),
        token: data.subarray(FROM_SERVER, TO_SERVER),
        packet: data.subarray(TO_SERVER)
      }

/** `undefined` unless `data` is an envelope of a server, and not too long. */
export const readFromServer = (data: Uint8Array): Envelope | undefined =>
  data[0] !== PacketType.relay || data.length < FROM_SERVER || data.length > FROM_SERVER + MAX_DATAGRAM
    ? undefined
    : { channel: data.subarray(1, FROM_SERVER), packet: data.subarray(FROM_SERVER) }

/** What is put into an envelope to find out whether a client is at an address. */
export const proof = (nonce: Uint8Array): Uint8Array => Bytes.concat([Uint8Array.of(PacketType.proof), nonce])

/** Whether a packet is between client and server, and not for peers. */
export const isProof = (packet: Uint8Array): boolean => packet[0] === PacketType.proof

/** The nonce of a proof: a view. `undefined` for any other packet. */
export const readProof = (packet: Uint8Array): Uint8Array | undefined =>
  isProof(packet) && packet.length === 1 + NONCE_BYTES ? packet.subarray(1) : undefined

export const NONCE_BYTES = 8

/** Bytes in front of the packet: the largest envelope has 1217 bytes, and passes a link of 1280 over IPv6 (1232). */
const FROM_SERVER = 1 + CHANNEL_BYTES
const TO_SERVER = FROM_SERVER + TOKEN_BYTES
