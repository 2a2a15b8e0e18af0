import type { Contacts } from "../../core/client/Contacts.js"
import type { GivenKeys } from "../../core/client/GivenKeys.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { AcceptPolicy } from "../ClientOptions.js"

/** Who offers something, and what is known of people. */
export interface Offerer {
  readonly peer: PeerId
  readonly fingerprint: string
  readonly given: GivenKeys
  readonly contacts: Contacts | undefined
  /** The wall time at which this process began. */
  readonly beganAt: number
}

/**
 * Whether a peer's offers are accepted without asking. Known are those whom the program says it knows, and who were
 * talked to by an earlier process.
 */
export const isWelcome = (policy: AcceptPolicy, offerer: Offerer): boolean => {
  if (policy !== "known") return policy === "all"
  const { beganAt, contacts, fingerprint, given, peer } = offerer
  const contact = contacts?.get(peer)
  return given.has(fingerprint) || (contact?.lastTalked !== undefined && contact.firstSeen < beganAt)
}
