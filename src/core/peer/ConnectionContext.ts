import type { Endpoint } from "../../domain/Endpoint.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { Conversation } from "./chat/Conversation.js"
import type { Epoch } from "./keys/Epoch.js"
import type { Indexes } from "./keys/IndexTable.js"
import type { PacketMemory } from "./PacketMemory.js"
import type { PeerEvent } from "./PeerEvent.js"
import type { PathChange } from "./path/PathHistory.js"
import type { Policy } from "./path/Policy.js"
import type { CongestionController } from "./recovery/CongestionController.js"

/** What a connection is made of: the client around it, and what the handshake has settled. */
export interface ConnectionContext {
  readonly peer: PeerId
  readonly conversation: Conversation
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly emit: (event: PeerEvent) => void
  readonly indexes: Indexes
  /** Where the peer may reach us. */
  readonly candidates: () => ReadonlyArray<Endpoint>
  readonly policy: Policy
  /** Told of each change of the active path. */
  readonly onPath: (change: PathChange) => void
  readonly memory: PacketMemory
  readonly congestion: () => CongestionController
  readonly epoch: Epoch
  /** 8 bytes each: the names that both sides give this connection. */
  readonly localId: Uint8Array
  readonly remoteId: Uint8Array
  /** From the peer's handshake: what we may send. */
  readonly peerTerms: { readonly consent: boolean; readonly creditMessages: number; readonly creditBytes: number }
  /**
   * The first sign that the peer has this connection, too, and is not a replay; a packet that it came with is about to
   * be handled.
   */
  readonly onConfirmed: (now: number) => void
  /** Whether our handshake said that we asked for the peer. */
  readonly consented: boolean
}
