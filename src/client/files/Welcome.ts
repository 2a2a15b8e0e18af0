import type { Contact } from "../../core/client/Contacts.js"
import type { AcceptPolicy } from "../ClientOptions.js"

/**
 * Whether a peer's offers are accepted without asking. `contact` is what we know of its key; one that was first seen
 * since `beganAt`, the wall time at which this process began, or that was never talked to, makes nobody known.
 */
export const isWelcome = (policy: AcceptPolicy, contact: Contact | undefined, beganAt: number): boolean => {
  if (policy !== "known") return policy === "all"
  return contact?.lastTalked !== undefined && contact.firstSeen < beganAt
}
