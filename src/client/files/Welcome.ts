import type { Pin } from "../../core/client/Pins.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { AcceptPolicy } from "../ClientOptions.js"

/**
 * Whether a peer's offers are accepted without asking. `pin` is the key that we know under the peer's nickname; a key
 * that was first seen since `beganAt`, the wall time at which this process began, makes nobody known.
 */
export const isWelcome = (policy: AcceptPolicy, peer: PeerId, pin: Pin | undefined, beganAt: number): boolean => {
  if (policy !== "known") return policy === "all"
  return pin?.identity === peer && pin.firstSeen < beganAt
}
