import type { PeerId } from "../../core/peer/Api.js"
import type { Incoming } from "./Incoming.js"

/** Who of what a peer sends us may flow now. The others wait until one of them is over. */
export class Rooms {
  private readonly taken = new Map<PeerId, Set<Incoming>>()

  /** Whether it may flow; it has a place until `leave`. */
  take(incoming: Incoming): boolean {
    const { peer } = incoming.ticket.facts
    const taken = this.taken.get(peer) ?? new Set()
    if (!taken.has(incoming) && taken.size >= MAX_ACTIVE) return false
    this.taken.set(peer, taken.add(incoming))
    return true
  }

  leave(incoming: Incoming): void {
    const { peer } = incoming.ticket.facts
    const taken = this.taken.get(peer)
    if (taken?.delete(incoming) === true && taken.size === 0) this.taken.delete(peer)
  }
}

/** Transfers of one peer that flow side by side: each holds a chunk of up to 16 MiB, and more at once make each of them slower. */
export const MAX_ACTIVE = 8
