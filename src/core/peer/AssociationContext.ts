import type { Crypto, KeyPair } from "../../domain/Crypto.js"
import type { Endpoint } from "../../domain/Endpoint.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { NatKind } from "../nat/NatKind.js"
import type { Rate } from "../support/TokenBucket.js"
import type { Absence } from "./chat/Absence.js"
import type { ConversationJournal } from "./chat/Conversation.js"
import type { OwnNetworks } from "./chat/OwnNetworks.js"
import type { HandshakeGate } from "./handshake/HandshakeGate.js"
import type { Indexes } from "./keys/IndexTable.js"
import type { PacketMemory } from "./PacketMemory.js"
import type { PeerEvent } from "./PeerEvent.js"
import type { AddressBudget } from "./path/AddressBudget.js"
import type { Policy } from "./path/Policy.js"
import type { Transmit } from "./Route.js"
import type { CongestionController } from "./recovery/CongestionController.js"
import type { ReceiveBudget } from "./stream/ReceiveBudget.js"

/** What all associations of a client share: our keys and record, and where packets, events and journal entries go. */
export interface AssociationContext {
  readonly crypto: Crypto
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly staticKeys: KeyPair
  /** Monotonic ms at which this client started. */
  readonly startedAt: number
  /** Our signed record. */
  readonly record: () => Uint8Array
  /** The addresses at which this peer may reach us; none when its policy hides them from it. */
  readonly candidates: (peer: PeerId) => ReadonlyArray<Endpoint>
  readonly policy: (peer: PeerId) => Policy
  /** The NAT of our own network, as far as it is known. */
  readonly nat: () => NatKind
  /** Whether ports of a NAT that nobody knows may be guessed. */
  readonly guesses: boolean
  readonly emit: (event: PeerEvent) => void
  /** Where conversations are written down; `undefined` when there is no journal. */
  readonly journal: ConversationJournal | undefined
  /** Whether our user is away. */
  readonly absence: Absence
  readonly networks: OwnNetworks
  /** Sends a packet that belongs to no connection in use. */
  readonly transmit: (transmit: Transmit) => void
  readonly indexes: Indexes
  /** Decides which handshakes of others may cost us something. */
  readonly gate: HandshakeGate
  readonly memory: PacketMemory
  /** What the streams of all connections may hold. */
  readonly receiving: ReceiveBudget
  /** What may go to addresses that have not proved themselves. */
  readonly budget: AddressBudget
  /** Bytes that the server's relay takes of ours on each channel, if it says so. */
  readonly relayRate: () => Rate | undefined
  /** Makes a congestion controller for one use of a path. */
  readonly congestion: () => CongestionController
}
