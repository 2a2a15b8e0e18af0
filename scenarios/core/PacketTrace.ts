import { format } from "../../src/domain/Endpoint.js"
import type { Network, PacketEvent } from "../../src/sim/network/Network.js"
import { LENGTH_MS } from "./Script.js"

/**
 * Every packet of a run, and what became of it: virtual microseconds, fate, source, destination, length and a hash of
 * the bytes.
 */
export class PacketTrace {
  readonly lines: Array<string> = []

  readonly watch = (network: Network): void => {
    network.onPacket = ({ at, what, packet }: PacketEvent) => {
      // Which events of the very last instant still come is up to who ends the run.
      if (at >= LENGTH_MS * 1000) return
      const [source, destination] = [packet.source, packet.destination].map((point) =>
        format(network.book.endpoint(point))
      )
      this.lines.push(`${at} ${what} ${source} > ${destination} ${packet.data.length} ${hash(packet.data)}`)
    }
  }
}

/** FNV-1a. */
const hash = (bytes: Uint8Array): string => {
  let h = 0x811c9dc5
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193)
  return (h >>> 0).toString(16)
}
