import type { PeerId } from "../../domain/PeerId.js"
import type { PeerStream } from "./PeerStreams.js"

/** Over which streams a peer may send us bytes now. The others wait until one of them is over. */
export class ActiveSlots {
  readonly #taken = new Map<PeerId, Set<PeerStream>>()

  /** Whether it may flow; it has a place until `leave`. */
  take(stream: PeerStream): boolean {
    const { peer } = stream
    const taken = this.#taken.get(peer) ?? new Set()
    if (!taken.has(stream) && taken.size >= MAX_ACTIVE) return false
    this.#taken.set(peer, taken.add(stream))
    return true
  }

  leave(stream: PeerStream): void {
    const { peer } = stream
    const taken = this.#taken.get(peer)
    if (taken?.delete(stream) === true && taken.size === 0) this.#taken.delete(peer)
  }
}

/**
 * Transfers of one peer that flow side by side: each holds a chunk of up to 16 MiB, and more at once make each of them
 * slower.
 */
export const MAX_ACTIVE = 8
