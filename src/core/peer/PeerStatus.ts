import type { PeerId } from "../../domain/PeerId.js"
import type { PathInfo } from "./Route.js"

/**
 * How things stand with one peer now.
 *
 * @since 0.1.0
 */
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
 * Who has asked for whom. `inviting`: we have asked for the peer. `invited`: the peer has asked for us and we have not
 * asked for it, so we can send it nothing (law 2). `mutual`: both have asked.
 *
 * @since 0.1.0
 */
export type Consent = "inviting" | "invited" | "mutual"
