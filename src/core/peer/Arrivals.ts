import { channelIdOf } from "../../domain/ChannelId.js"
import { MAX_PACKET, PacketType, readHeader } from "../../protocol/DataPacket.js"
import type { Association, IndexTarget } from "./Association.js"
import { peek, peekRetry, unwrap } from "./handshake/Handshake.js"
import type { IndexTable } from "./keys/IndexTable.js"
import type { PeerTable } from "./PeerTable.js"
import type { Route } from "./Route.js"

/**
 * Finds out whose packet came in, and hands it to that association, which counts as changed afterwards (`touch`).
 *
 * A packet is looked up before any key is touched: DATA and HS2 by an index that we chose, HS1 by the channel that the
 * server gave to the pair. A packet that is not found, or that does not fit, leaves no trace.
 */
export class Arrivals {
  readonly #known: PeerTable
  readonly #indexes: IndexTable<IndexEntry>
  readonly #touch: (association: Association, now: number) => void

  constructor(
    known: PeerTable,
    indexes: IndexTable<IndexEntry>,
    touch: (association: Association, now: number) => void
  ) {
    this.#known = known
    this.#indexes = indexes
    this.#touch = touch
  }

  handle(from: Route, data: Uint8Array, now: number): void {
    if (data.length > MAX_PACKET) return
    // The server carries packets only for those whom it has introduced.
    if (from._tag === "Relay" && this.#known.on(from.channel) === undefined) return
    switch (data[0]) {
      case PacketType.data:
        this.#handleData(from, data, now)
        return
      case PacketType.handshake1:
        this.#handleHs1(from, data, undefined, now)
        return
      case PacketType.handshake1WithCookie: {
        const wrapped = unwrap(data)
        if (wrapped !== undefined) this.#handleHs1(from, wrapped.hs1, wrapped.mac2, now)
        return
      }
      case PacketType.handshake2:
        this.#handleHs2(from, data, now)
        return
      case PacketType.retry:
        this.#handleRetry(from, data, now)
    }
  }

  #handleData(from: Route, data: Uint8Array, now: number): void {
    const header = readHeader(data)
    const entry = header && this.#indexes.get(header.receiverIndex)
    if (header === undefined || entry?.target._tag !== "Epoch") return
    const { association } = entry
    const { connection, epoch } = entry.target
    association.handleData(connection, epoch, header.counter, data, from, now)
    this.#touch(association, now)
  }

  #handleHs1(from: Route, data: Uint8Array, mac2: Uint8Array | undefined, now: number): void {
    const header = peek(data)
    if (header?.type !== PacketType.handshake1) return
    const known = this.#known.on(channelIdOf(header.channel))
    if (known === undefined) return
    known.association.handleHs1(known.introduction, data, mac2, from, now)
    this.#touch(known.association, now)
  }

  #handleHs2(from: Route, data: Uint8Array, now: number): void {
    const header = peek(data)
    const entry = header?.type === PacketType.handshake2 ? this.#indexes.get(header.receiverIndex) : undefined
    if (entry?.target._tag !== "Attempt") return
    entry.association.handleHs2(entry.target.attempt, data, from, now)
    this.#touch(entry.association, now)
  }

  #handleRetry(from: Route, data: Uint8Array, now: number): void {
    const index = peekRetry(data)
    const entry = index === undefined ? undefined : this.#indexes.get(index)
    if (entry?.target._tag !== "Attempt") return
    entry.association.handleRetry(entry.target.attempt, data, from, now)
    this.#touch(entry.association, now)
  }
}

/** The meaning of an index that we chose: whose packets carry it, and what they are. */
export interface IndexEntry {
  readonly association: Association
  readonly target: IndexTarget
}
