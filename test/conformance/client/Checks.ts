import type { ClientCheck } from "./Context.js"
import { asInvited } from "./Invited.js"
import { asInviter } from "./Inviter.js"
import { atServer } from "./Server.js"

/** All of them, or those for a client that only answers on the wire. */
export const clientChecks = (isWire: boolean): ReadonlyArray<ClientCheck> =>
  [...atServer, ...asInvited, ...asInviter].filter(({ words }) => !isWire || words !== true)
