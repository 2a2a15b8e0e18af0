import type { Crypto, KeyPair } from "../../domain/Crypto.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { Past } from "./Journal.js"
import type { AddressBudget } from "./path/AddressBudget.js"
import type { CongestionController } from "./recovery/CongestionController.js"

/** What the peer machine is made with. */
export interface PeersOptions {
  readonly crypto: Crypto
  /** Fresh unpredictable bytes: the only randomness of the machine. */
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly identity: {
    /** Ed25519, 32 bytes. */
    readonly publicKey: Uint8Array
    /** X25519, for the handshake. */
    readonly staticKeys: KeyPair
  }
  /** Whether ports of a NAT that nobody knows may be guessed, by us and for others; not when left out. */
  readonly portGuessing?: boolean
  /** Monotonic ms. */
  readonly now: number
  /** What decides how fast a path is used, made for each use of one; `Bbr` when left out. */
  readonly congestion?: () => CongestionController
  /** Where everything is counted that goes to addresses which have not proved themselves, also by others. */
  readonly budget?: AddressBudget
  /**
   * What earlier processes left of the conversation with a peer. Present when there is a journal: `pollJournal` is to
   * be drained.
   */
  readonly past?: (peer: PeerId) => Past | undefined
}
