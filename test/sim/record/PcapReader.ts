/**
 * Reads captures as the tools do that people open them with: the classic pcap format with raw IP packets. Knows nothing
 * of how they are written, and throws at whatever such a tool would call malformed, wrong checksums among it.
 */
export interface Captured {
  /** µs since 1970. */
  readonly at: number
  readonly protocol: "udp" | "tcp"
  /** `address:port`; IPv6 as eight groups without zeros in front. */
  readonly source: string
  readonly destination: string
  readonly payload: Uint8Array
}

export const read = (file: Uint8Array): ReadonlyArray<Captured> => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  demand(view.getUint32(0, true) === 0xa1b2c3d4, "the magic number of little-endian microseconds")
  demand(view.getUint16(4, true) === 2 && view.getUint16(6, true) === 4, "version 2.4")
  const snapshot = view.getUint32(16, true)
  demand(view.getUint32(20, true) === 101, "LINKTYPE_RAW")
  const packets: Array<Captured> = []
  let at = 24
  while (at < file.length) {
    const micros = view.getUint32(at + 4, true)
    const captured = view.getUint32(at + 8, true)
    demand(micros < 1e6, "less than a second of microseconds")
    demand(captured === view.getUint32(at + 12, true) && captured <= snapshot, "the whole packet")
    const packet = file.subarray(at + 16, at + 16 + captured)
    demand(packet.length === captured, "a record that does not end with the file")
    packets.push({
      at: view.getUint32(at, true) * 1e6 + micros,
      ...(packet[0]! >> 4 === 4 ? ipv4(packet) : ipv6(packet))
    })
    at += 16 + captured
  }
  return packets
}

const ipv4 = (packet: Uint8Array) => {
  const view = viewOf(packet)
  demand(packet[0] === 0x45, "IPv4 without options")
  demand(view.getUint16(2) === packet.length, "the total length")
  demand((view.getUint16(6) & 0x3fff) === 0, "no fragment")
  demand(packet[8]! > 0, "a time to live")
  demand(sum([packet.subarray(0, 20)]) === 0xffff, "the header's checksum")
  const [source, destination] = [packet.subarray(12, 16), packet.subarray(16, 20)]
  return transport(packet[9]!, packet.subarray(20), source, destination, (bytes) => bytes.join("."))
}

const ipv6 = (packet: Uint8Array) => {
  const view = viewOf(packet)
  demand(packet[0]! >> 4 === 6, "version 6")
  demand(view.getUint16(4) === packet.length - 40, "the payload length")
  demand(packet[7]! > 0, "a hop limit")
  const text = (bytes: Uint8Array) =>
    `[${Array.from({ length: 8 }, (_, i) =>
      viewOf(bytes)
        .getUint16(i * 2)
        .toString(16)
    ).join(":")}]`
  return transport(packet[6]!, packet.subarray(40), packet.subarray(8, 24), packet.subarray(24, 40), text)
}

const transport = (
  protocol: number,
  body: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  text: (address: Uint8Array) => string
) => {
  demand(protocol === 17 || protocol === 6, "UDP or TCP")
  const view = viewOf(body)
  const pseudo = Uint8Array.of(0, protocol, body.length >> 8, body.length & 255)
  demand(sum([source, destination, pseudo, body]) === 0xffff, "the checksum")
  if (protocol === 17) {
    demand(view.getUint16(4) === body.length, "the length of UDP")
    demand(view.getUint16(6) !== 0, "a checksum at all")
  } else demand(body[12] === 0x50 && view.getUint16(18) === 0, "TCP without options and without urgent data")
  return {
    protocol: protocol === 17 ? ("udp" as const) : ("tcp" as const),
    source: `${text(source)}:${view.getUint16(0)}`,
    destination: `${text(destination)}:${view.getUint16(2)}`,
    payload: body.subarray(protocol === 17 ? 8 : 20)
  }
}

/** One's complement sum of 16-bit words (RFC 1071): all ones over data that holds its own checksum. */
const sum = (parts: ReadonlyArray<Uint8Array>): number => {
  const bytes = parts.flatMap((part) => [...part])
  if (bytes.length % 2 === 1) bytes.push(0)
  let total = 0
  for (let at = 0; at < bytes.length; at += 2) {
    total += bytes[at]! * 256 + bytes[at + 1]!
    if (total > 0xffff) total -= 0xffff
  }
  return total
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`malformed capture: expected ${what}`)
}
