import { MAX_FINISHED, type Transfer } from "../../core/client/Transfer.js"
import type { TransferId } from "../../core/files/Content.js"
import { FEW_STREAMS } from "../../core/peer/stream/ReceiveBudget.js"
import type { PeerId } from "../../domain/PeerId.js"
import { Incoming } from "./Incoming.js"
import type { Outgoing } from "./Outgoing.js"

/**
 * The transfers of this process by their ids, oldest first. Those that have ended are remembered for a while, so that
 * an offer that is repeated (its sender has not heard of the end) gets the answer it got before.
 */
export class TransferTable {
  readonly #transfers = new Map<TransferId, Incoming | Outgoing>()

  get(id: TransferId): Incoming | Outgoing | undefined {
    return this.#transfers.get(id)
  }

  /**
   * Whether the peer may have one more in this direction. When very many come in, each peer may have only few, so that
   * those of some leave room for those of others.
   */
  hasRoom(peer: PeerId, direction: "in" | "out"): boolean {
    let open = 0
    let all = 0
    for (const { status } of this.#transfers.values()) {
      if (status.ended || status.facts.direction !== direction) continue
      all++
      if (status.facts.peer === peer) open++
    }
    return open < (direction === "in" && all >= MANY_INCOMING ? FEW_STREAMS : MAX_OPEN)
  }

  add(transfer: Incoming | Outgoing): void {
    const { id } = transfer.status.facts
    this.#transfers.set(id, transfer)
    if (this.#transfers.size <= MAX_REMEMBERED) return
    for (const [other, { status }] of this.#transfers) {
      if (!status.ended) continue
      this.#transfers.delete(other)
      return
    }
  }

  /** All, or those with one peer. */
  all(peer?: PeerId): ReadonlyArray<Incoming | Outgoing> {
    const all = [...this.#transfers.values()]
    return peer === undefined ? all : all.filter(({ status }) => status.facts.peer === peer)
  }

  incoming(peer: PeerId): ReadonlyArray<Incoming> {
    return this.all(peer).filter((transfer) => transfer instanceof Incoming)
  }

  /** What is under way, and the last of what has ended. */
  list(): ReadonlyArray<Transfer> {
    const all = this.all()
    let skip = all.filter(({ status }) => status.ended).length - MAX_FINISHED
    return all.filter(({ status }) => !status.ended || skip-- <= 0).map(({ status }) => status.snapshot())
  }
}

/**
 * Transfers in one direction with one peer that have not ended: more than anybody keeps in view. Each may hold a stream
 * open.
 */
export const MAX_OPEN = 32
/** Of all peers together, from which on each may have only few: more than anybody keeps in view. */
const MANY_INCOMING = 256
/** Ended ones among them, at about a kilobyte each. */
const MAX_REMEMBERED = 1_024
