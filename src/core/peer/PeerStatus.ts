import type { PeerId } from "../../domain/PeerId.js"
import type { PathInfo } from "./Route.js"

export interface PeerStatus {
  readonly peer: PeerId
  readonly consent: Consent
  /** Whether the peer, too, has asked for us. */
  readonly mutual: boolean
  readonly connected: boolean
  readonly path: PathInfo | undefined
  /** Messages accepted from us and not delivered yet. */
  readonly undelivered: number
}

/**
 * Our relation to a peer. `invited`: they asked for us, we have not asked for them, and can send them nothing (law 2).
 */
export type Consent = "inviting" | "invited" | "mutual"
