import { toBytes } from "../../domain/Endpoint.js"
import { portOf } from "../network/AddressBook.js"
import type { Network, PacketEvent } from "../network/Network.js"
import type { Segment } from "../network/Packet.js"

/**
 * A capture that Wireshark and tcpdump read: the classic pcap format with raw IP packets (LINKTYPE_RAW), headers made
 * up around the payloads, virtual time stamps. Holds what arrived.
 */
export class Pcap {
  readonly #chunks: Array<Uint8Array> = [fileHeader()]
  #size = 0
  readonly #network: Network
  /** Wall time in µs at the start of the run. */
  readonly #epoch: number

  constructor(network: Network, epoch: number) {
    this.#network = network
    this.#epoch = epoch
  }

  add({ what, at, packet }: PacketEvent): void {
    if (what !== "arrived" || this.#size > MAX_BYTES) return
    const { book } = this.#network
    const source = book.endpoint(packet.source)
    const destination = book.endpoint(packet.destination)
    const transport =
      packet.segment === undefined
        ? udpHeader(source.port, destination.port, packet.data.length)
        : tcpHeader(portOf(packet.source), portOf(packet.destination), packet.segment)
    const length = transport.length + packet.data.length
    const protocol = packet.segment === undefined ? UDP : TCP
    const [from, to] = [toBytes(source), toBytes(destination)]
    const ip =
      source.family === "ipv4" ? ipv4Header(from, to, protocol, length) : ipv6Header(from, to, protocol, length)
    const sum = checksum([from, to, Uint8Array.of(0, protocol, length >> 8, length & 255), transport, packet.data])
    // Where UDP computes 0 it sends all ones, as 0 means that nothing was computed (RFC 768).
    new DataView(transport.buffer).setUint16(protocol === UDP ? 6 : 16, protocol === UDP && sum === 0 ? 0xffff : sum)
    this.#record(this.#epoch + at, [ip, transport, packet.data])
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0))
    let at = 0
    for (const chunk of this.#chunks) {
      all.set(chunk, at)
      at += chunk.length
    }
    return all
  }

  #record(micros: number, parts: ReadonlyArray<Uint8Array>): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const header = new DataView(new ArrayBuffer(16))
    header.setUint32(0, Math.floor(micros / 1e6), true)
    header.setUint32(4, micros % 1e6, true)
    header.setUint32(8, length, true)
    header.setUint32(12, length, true)
    this.#size += 16 + length
    this.#chunks.push(new Uint8Array(header.buffer), ...parts.map((part) => Uint8Array.from(part)))
  }
}

const fileHeader = (): Uint8Array => {
  const view = new DataView(new ArrayBuffer(24))
  view.setUint32(0, 0xa1b2c3d4, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, 262_144, true)
  view.setUint32(20, LINKTYPE_RAW, true)
  return new Uint8Array(view.buffer)
}

const udpHeader = (source: number, destination: number, length: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(8))
  view.setUint16(0, source)
  view.setUint16(2, destination)
  view.setUint16(4, 8 + length)
  return new Uint8Array(view.buffer)
}

const tcpHeader = (source: number, destination: number, segment: Segment): Uint8Array => {
  const view = new DataView(new ArrayBuffer(20))
  view.setUint16(0, source)
  view.setUint16(2, destination)
  view.setUint32(4, segment.sequence >>> 0)
  view.setUint32(8, segment.acknowledge >>> 0)
  const { fin, syn, rst, ack } = segment
  view.setUint16(12, (5 << 12) | (fin ? 1 : 0) | (syn ? 2 : 0) | (rst ? 4 : 0) | (ack ? 16 : 0))
  view.setUint16(14, Math.min(segment.window, 65_535))
  return new Uint8Array(view.buffer)
}

/** The checksum of the Internet (RFC 1071) over parts of which all but the last have an even length. */
const checksum = (parts: ReadonlyArray<Uint8Array>): number => {
  let sum = 0
  for (const part of parts) for (let at = 0; at < part.length; at += 2) sum += (part[at]! << 8) | (part[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000)
  return ~sum & 0xffff
}

const ipv4Header = (source: Uint8Array, destination: Uint8Array, protocol: number, length: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(20))
  view.setUint8(0, 0x45)
  view.setUint16(2, Math.min(20 + length, 65_535))
  view.setUint8(8, 64)
  view.setUint8(9, protocol)
  const header = new Uint8Array(view.buffer)
  header.set(source, 12)
  header.set(destination, 16)
  view.setUint16(10, checksum([header]))
  return header
}

const ipv6Header = (source: Uint8Array, destination: Uint8Array, protocol: number, length: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(40))
  view.setUint32(0, 6 << 28)
  view.setUint16(4, Math.min(length, 65_535))
  view.setUint8(6, protocol)
  view.setUint8(7, 64)
  const header = new Uint8Array(view.buffer)
  // A NAT never makes IPv4 of IPv6, but a dual-stack socket may name an IPv4 peer.
  header.set(source.length === 16 ? source : mapped(source), 8)
  header.set(destination.length === 16 ? destination : mapped(destination), 24)
  return header
}

const mapped = (ipv4: Uint8Array): Uint8Array => Uint8Array.of(...new Array(10).fill(0), 255, 255, ...ipv4)

const LINKTYPE_RAW = 101

/** Protocol numbers (IANA). */
const UDP = 17
const TCP = 6

/** A capture larger than this opens in no tool with pleasure; what came first is kept. */
const MAX_BYTES = 64 * 1024 * 1024
