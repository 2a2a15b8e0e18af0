import type { PeerId } from "../../../domain/PeerId.js"
import { LinkedMap } from "../../support/LinkedMap.js"
import type { Policy } from "./Policy.js"

/** Which paths may be used with whom: what is set for a peer, or else what is set for everybody. */
export class Policies {
  #everybody: Policy = "prefer-direct"
  readonly #own = new LinkedMap<PeerId, Policy>()

  constructor(
    /** The policy of a peer that is known is never forgotten. */
    private readonly isKnown: (peer: PeerId) => boolean,
    /** Peers that may have a policy of their own, more than are known at once. */
    private readonly most: number
  ) {}

  of(peer: PeerId): Policy {
    return this.#own.get(peer) ?? this.#everybody
  }

  /** For a peer, or for all that have none of their own. */
  set(peer: PeerId | undefined, policy: Policy): void {
    if (peer === undefined) {
      this.#everybody = policy
      return
    }
    this.#own.set(peer, policy)
    if (this.#own.size <= this.most) return
    for (const [one] of this.#own) {
      if (one === peer || this.isKnown(one)) continue
      this.#own.delete(one)
      return
    }
  }
}
