import type { ChannelId } from "../../domain/ChannelId.js"
import type { Endpoint } from "../../domain/Endpoint.js"
import type { PeerRecord } from "../../protocol/PeerRecord.js"

/** What the server told us of a peer, its record already verified against its signature and whom we know. */
export interface Introduction {
  readonly channel: ChannelId
  /** 32 bytes. */
  readonly pairKey: Uint8Array
  readonly record: PeerRecord
  /** At most 8. They may be other people's addresses, so each gets nothing but small probes until it answers. */
  readonly candidates: ReadonlyArray<Endpoint>
  /** Whether the peer's program runs on this machine: only then its loopback addresses are of use. */
  readonly isHere?: boolean
  /** The address that the server sees the peer at, if it says so: the peer's own, as far as the server is honest. */
  readonly seenAt?: string | undefined
  /** Whether the server carries packets on this channel. */
  readonly relay?: boolean
}
