import type { Crypto } from "../../domain/Crypto.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { Peers } from "../peer/Peers.js"
import type { AddressBudget } from "../peer/path/AddressBudget.js"
import type { ClientClock } from "./ClientClock.js"
import type { Conversations } from "./Conversations.js"
import type { Output } from "./Output.js"
import type { OwnRecord } from "./OwnRecord.js"
import type { PathPolicies } from "./PathPolicies.js"
import type { PendingPeers } from "./PendingPeers.js"
import type { Purpose } from "./Purpose.js"
import type { RelayTransport } from "./RelayTransport.js"
import type { Rendezvous } from "./Rendezvous.js"

/** What the parts of one client share. */
export interface ClientContext {
  readonly crypto: Crypto
  /** What time it is, as far as it is known. */
  readonly clock: ClientClock
  readonly output: Output
  readonly own: OwnRecord
  readonly conversations: Conversations
  readonly pending: PendingPeers
  readonly policies: PathPolicies
  readonly rendezvous: Rendezvous<Purpose>
  readonly transport: RelayTransport
  /** Whose calls and messages are nothing to our user for as long as this client runs. */
  readonly ignored: Set<PeerId>
  /** What may go to addresses that have not proved themselves: one account for all that we send. */
  readonly budget: AddressBudget
  /** From the first registration on: before that nobody knows us, nor do we know anybody. */
  peers: Peers | undefined
}
