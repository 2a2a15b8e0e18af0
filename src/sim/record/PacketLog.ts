import { format } from "../../domain/Endpoint.js"
import { addressOf } from "../network/AddressBook.js"
import type { Network, PacketEvent } from "../network/Network.js"

/** The last packets of a run as lines for people. */
export class PacketLog {
  readonly #kept: Array<string> = []
  readonly #network: Network

  constructor(network: Network) {
    this.#network = network
  }

  add({ what, at, packet, from, to }: PacketEvent): void {
    const { book } = this.#network
    const source = format(book.endpoint(packet.source))
    const destination = format(book.endpoint(packet.destination))
    const host = to?.name ?? book.text(addressOf(packet.destination))
    const flags = packet.segment === undefined ? "" : ` ${flagsOf(packet)}`
    this.line(
      at,
      `${from.name} -> ${host}  ${packet.protocol} ${source} > ${destination}${flags} ${packet.data.length} B  ${what}`
    )
  }

  /** Adds a line of any kind. */
  line(at: number, text: string): void {
    if (this.#kept.length >= MAX_LINES) this.#kept.splice(0, MAX_LINES / 2)
    this.#kept.push(`${(at / 1e6).toFixed(6).padStart(13)} s  ${text}`)
  }

  get lines(): ReadonlyArray<string> {
    return this.#kept
  }
}

const flagsOf = ({ segment }: PacketEvent["packet"]): string => {
  const { syn, ack, fin, rst, sequence, acknowledge } = segment!
  const flags = `${syn ? "S" : ""}${fin ? "F" : ""}${rst ? "R" : ""}${ack ? "." : ""}`
  return `[${flags}] seq ${sequence}${ack ? ` ack ${acknowledge}` : ""}`
}

/** 200,000 lines are 25 MB: more than anyone reads, and what came last is what tells. */
const MAX_LINES = 200_000
