import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ClientError } from "../core/client/ClientError.js"
import { ofRefusal, protocol } from "../core/client/ClientError.js"
import type * as Control from "../protocol/Control.js"
import type { PeerInfo } from "./Client.js"
import type { Crowd } from "./Crowd.js"
import type { ServerLink } from "./ServerLink.js"

/**
 * Reads the whole list, page by page, at the pace that the server allows. Who is on it counts as present from then on.
 */
export const all = (server: ServerLink, crowd: Crowd): Effect.Effect<ReadonlyArray<PeerInfo>, ClientError> =>
  Effect.gen(function* () {
    const found: Array<PeerInfo> = []
    let after: string | undefined
    for (let requests = 0; requests < MAX_REQUESTS; requests++) {
      const reply = yield* server.ask({ _tag: "List", ...(after === undefined ? {} : { after }) })
      if (reply._tag === "RateLimited" && after !== undefined) {
        yield* Effect.sleep(Duration.millis(Math.min(Math.max(reply.retryAfterMs, 0), LONGEST_PAUSE)))
        continue
      }
      if (reply._tag !== "Clients") return yield* ofRefusal(reply as Control.Refusal)
      for (const { address, fingerprint, nick } of reply.clients) {
        crowd.joined(nick)
        found.push({ nick, address, fingerprint })
      }
      if (reply.next === undefined) return found
      if (reply.next === after || found.length > MAX_CLIENTS) break
      after = reply.next
    }
    return yield* protocol(`the server's list does not end (${found.length} entries so far)`)
  })

/** The largest crowd that is read in one go: some 20 MB. */
const MAX_CLIENTS = 100_000
/** Full pages of the largest crowd, and as many pauses. */
const MAX_REQUESTS = 4_000
/** Milliseconds; a server that wants longer pauses gets another refusal to send. */
const LONGEST_PAUSE = 5_000
