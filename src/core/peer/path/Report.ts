import * as Schema from "effect/Schema"
import type { Networks } from "../../nat/Networks.js"
import { PathInfo } from "../Route.js"
import { PathSource } from "./Path.js"
import type { PathChange } from "./PathHistory.js"
import type { Policy } from "./Policy.js"

/** How a peer is reached now and was reached before, as plain data: what `/why` shows. */
export interface PeerReport {
  readonly connected: boolean
  readonly policy: Policy
  /** Whether the server offers to carry packets to this peer. */
  readonly relayOffered: boolean
  /** Our networks as we tell them to peers, and those of the peer as it told us. */
  readonly own: Networks
  readonly peer: Networks
  /** The address at which the internet sees both, where it is the same and nothing has come from there. */
  readonly sharedAddress: string | undefined
  /** Addresses of the peer that are known, connected or not. */
  readonly known: number
  /** Candidates that we have told this peer. */
  readonly told: number
  /** The connection in use, if there is one. */
  readonly connection: ConnectionReport | undefined
  /** Oldest first. */
  readonly changes: ReadonlyArray<PathChange>
}

export interface ConnectionReport {
  /** At most 9: candidates of all kinds, and the relay. */
  readonly paths: ReadonlyArray<PathReport>
  /** Packets that must arrive, and those of them that had to be sent again. */
  readonly sent: number
  readonly lost: number
}

export const PathReport = Schema.Struct({
  ...PathInfo.fields,
  source: PathSource,
  active: Schema.Boolean,
  trusted: Schema.Boolean,
  /** PINGs sent, and those that were answered. */
  probes: Schema.Int,
  answers: Schema.Int,
  /** ms since the last answer; `undefined` when there was none. */
  provenMsAgo: Schema.optional(Schema.Number),
  /** Packets of all kinds. */
  sent: Schema.Int,
  received: Schema.Int,
  /** Bytes of the largest packet that was found to come through, or is small enough for every path. */
  packetBytes: Schema.Int,
  /** Whether packets of 1200 bytes were found not to come through. */
  narrow: Schema.Boolean
})
export type PathReport = typeof PathReport.Type
