import type { Crypto, KeyPair } from "../../domain/Crypto.js"
import type { Endpoint } from "../../domain/Endpoint.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { NatKind } from "../nat/NatKind.js"
import type { ConversationJournal } from "./chat/Conversation.js"
import type { Indexes } from "./keys/IndexTable.js"
import type { PacketMemory } from "./PacketMemory.js"
import type { PeerEvent } from "./PeerEvent.js"
import type { Policy } from "./path/Policy.js"
import type { Transmit } from "./Route.js"
import type { CongestionController } from "./recovery/CongestionController.js"

/** What all associations of a client share: who we are, and the way out. */
export interface AssociationContext {
  readonly crypto: Crypto
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly staticKeys: KeyPair
  /** When this client came up. */
  readonly startedAt: number
  /** Our signed record. */
  readonly record: () => Uint8Array
  /** Where this peer may reach us: nothing, when it is not to know. */
  readonly candidates: (peer: PeerId) => ReadonlyArray<Endpoint>
  readonly policy: (peer: PeerId) => Policy
  /** Our own network, as far as known. */
  readonly nat: () => NatKind
  readonly emit: (event: PeerEvent) => void
  /** Absent when nothing is written down. */
  readonly journal: ConversationJournal | undefined
  /** Sends a packet that belongs to no connection in use. */
  readonly transmit: (transmit: Transmit) => void
  readonly indexes: Indexes
  readonly memory: PacketMemory
  /** A controller for one use of a path. */
  readonly congestion: () => CongestionController
}
