import type { PeerId } from "../../core/peer/Api.js"
import type { Port } from "./Port.js"

/** Over which streams a peer may send us bytes now. The others wait until one of them is over. */
export class Rooms {
  private readonly taken = new Map<PeerId, Set<Port>>()

  /** Whether it may flow; it has a place until `leave`. */
  take(port: Port): boolean {
    const { peer } = port
    const taken = this.taken.get(peer) ?? new Set()
    if (!taken.has(port) && taken.size >= MAX_ACTIVE) return false
    this.taken.set(peer, taken.add(port))
    return true
  }

  leave(port: Port): void {
    const { peer } = port
    const taken = this.taken.get(peer)
    if (taken?.delete(port) === true && taken.size === 0) this.taken.delete(peer)
  }
}

/**
 * Transfers of one peer that flow side by side: each holds a chunk of up to 16 MiB, and more at once make each of them
 * slower.
 */
export const MAX_ACTIVE = 8
