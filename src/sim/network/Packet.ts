import type { Point } from "./AddressBook.js"
import type { TcpSign } from "./NatDevice.js"

/**
 * One IP packet on its way. Which machine sent it is no part of it: whoever handles packets says that beside them.
 *
 * @since 0.1.0
 */
export interface Packet {
  readonly protocol: "udp" | "tcp"
  /** As the receiver sees it: NATs rewrite both. */
  readonly source: Point
  readonly destination: Point
  /** The payload. */
  readonly data: Uint8Array
  readonly segment: Segment | undefined
}

/** The header of a TCP segment, as far as it matters here (RFC 9293). Sequence numbers count from 0 and do not wrap. */
export interface Segment {
  readonly syn: boolean
  readonly ack: boolean
  readonly fin: boolean
  readonly rst: boolean
  readonly sequence: number
  readonly acknowledge: number
  /** Bytes that the sender of this segment has room for. */
  readonly window: number
}

/** What a NAT makes of a segment; `undefined` for a datagram. */
export const signOf = (segment: Segment | undefined): TcpSign | undefined => {
  if (segment === undefined) return undefined
  if (segment.rst) return "rst"
  if (segment.fin) return "fin"
  return segment.syn && !segment.ack ? "syn" : "data"
}

/**
 * Why a packet ended before it arrived.
 *
 * @since 0.1.0
 */
export type DropReason =
  | "blocked"
  | "loss"
  | "burst"
  | "queue"
  | "mtu"
  | "flap"
  | "protocol"
  | "rule"
  | "corrupt"
  | "no-route"
  | "nat"
  | "firewall"
  | "offline"
  | "no-socket"
  | "overflow"
