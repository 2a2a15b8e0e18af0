import type { PresentNick } from "../../protocol/Control.js"
import {
  encodeClients,
  encodeMessage,
  encodePeer,
  encodeRefusal,
  encodeRegistered,
  type RefusalBody
} from "../../protocol/ControlCodec.js"
import type { Page } from "./Roll.js"

/** What came of a command that a session gave to its driver. */
export type Outcome =
  | { readonly _tag: "Registered"; readonly nick: string; readonly resume: string }
  | { readonly _tag: "Page"; readonly page: Page }
  /** `here`: of the nicknames that were asked for; none when everybody is watched. */
  | { readonly _tag: "Watching"; readonly version: number; readonly here?: ReadonlyArray<PresentNick> }
  | { readonly _tag: "Unwatched" }
  /** `half`: the members of `Peer` behind its `id`, as JSON without braces. */
  | { readonly _tag: "Introduced"; readonly half: string }
  | { readonly _tag: "Updated" }
  | { readonly _tag: "Refused"; readonly refusal: RefusalBody }

/** The line that tells the client. `lease` in ms; `observed` is its address as we see it. */
export const replyTo = (id: number, outcome: Outcome, lease: number, observed: string): string => {
  switch (outcome._tag) {
    case "Registered":
      return encodeRegistered({ id, nick: outcome.nick, lease, observed, resume: outcome.resume })
    case "Page":
      return encodeClients(id, outcome.page.pieces, outcome.page.next)
    case "Watching":
      return encodeMessage(
        outcome.here === undefined
          ? { _tag: "Watching", id, version: outcome.version }
          : { _tag: "Watching", id, version: outcome.version, here: outcome.here }
      )
    case "Unwatched":
      return encodeMessage({ _tag: "Unwatched", id })
    case "Introduced":
      return encodePeer(id, outcome.half)
    case "Updated":
      return encodeMessage({ _tag: "Updated", id })
    case "Refused":
      return encodeRefusal(id, outcome.refusal)
  }
}
