import type { Endpoint } from "../../domain/Endpoint.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { Conversation } from "./chat/Conversation.js"
import type { Epoch } from "./keys/Epoch.js"
import type { Indexes } from "./keys/IndexTable.js"
import type { PacketMemory } from "./PacketMemory.js"
import type { PeerEvent } from "./PeerEvent.js"
import type { AddressBudget } from "./path/AddressBudget.js"
import type { PathChange } from "./path/PathHistory.js"
import type { Policy } from "./path/Policy.js"
import type { CongestionController } from "./recovery/CongestionController.js"
import type { ReceiveBudget } from "./stream/ReceiveBudget.js"

/** What a connection needs: what its client lends it, and what the handshake has settled. */
export interface ConnectionContext {
  readonly peer: PeerId
  readonly conversation: Conversation
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly emit: (event: PeerEvent) => void
  readonly indexes: Indexes
  /** The addresses at which the peer may reach us. */
  readonly candidates: () => ReadonlyArray<Endpoint>
  readonly policy: Policy
  /** Whether ports may be guessed. */
  readonly guesses: boolean
  /** Told of each change of the active path. */
  readonly onPath: (change: PathChange) => void
  readonly memory: PacketMemory
  /** What the streams of all connections may hold. */
  readonly receiving: ReceiveBudget
  /** What may go to addresses that have not proved themselves. */
  readonly budget: AddressBudget
  readonly congestion: () => CongestionController
  readonly epoch: Epoch
  /** 8 bytes each: the names that both sides give this connection. */
  readonly localId: Uint8Array
  readonly remoteId: Uint8Array
  /** From the peer's handshake: what we may send. */
  readonly peerTerms: {
    readonly consent: boolean
    readonly creditMessages: number
    readonly creditBytes: number
    readonly features: number
  }
  /**
   * Called once, when the first authentic packet shows that the peer has the keys and that its handshake was no replay;
   * the frames of that packet are handled right after this call.
   */
  readonly onConfirmed: (now: number) => void
  /** Whether our handshake said that we asked for the peer. */
  readonly consented: boolean
}
