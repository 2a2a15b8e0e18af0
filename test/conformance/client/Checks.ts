import type { ClientCheck, Part } from "./Context.js"
import { guessing } from "./Guessing.js"
import { asInvited } from "./Invited.js"
import { asInviter } from "./Inviter.js"
import { lan } from "./Lan.js"
import { receiving } from "./Receiving.js"
import { rekeys } from "./Rekeys.js"
import { sending } from "./Sending.js"
import { atServer } from "./Server.js"
import { streams } from "./Streams.js"

/** All of them, or those for what the client has. */
export const clientChecks = ({ isSlow, isWire, without }: Extent): ReadonlyArray<ClientCheck> =>
  [
    ...atServer,
    ...asInvited,
    ...asInviter,
    ...rekeys,
    ...streams,
    ...receiving,
    ...sending,
    ...guessing,
    ...lan
  ].filter(
    (check) =>
      !(isWire && check.words === true) &&
      !(check.part !== undefined && without.includes(check.part)) &&
      (isSlow || check.isSlow !== true)
  )

export interface Extent {
  /** Whether the client only answers on the wire. */
  readonly isWire: boolean
  readonly without: ReadonlyArray<Part>
  /** Whether those are tried that take minutes. */
  readonly isSlow: boolean
}
