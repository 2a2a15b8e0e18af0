import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Endpoint from "../domain/Endpoint.js"
import type { ServerApi } from "../server/Server.js"
import * as Site from "../server/status/Site.js"
import type { ListenError } from "../services/Listener.js"
import { Vitals } from "../services/Vitals.js"
import { Web, type WebAddress } from "../services/Web.js"

/** Shows the server's state by HTTP as long as the scope lives, and says in the log where. */
export const serve = (
  at: WebAddress,
  { stats, unready }: ServerApi
): Effect.Effect<void, ListenError, Web | Vitals | Scope.Scope> =>
  Effect.gen(function* () {
    const web = yield* Web
    const vitals = yield* Vitals
    const answer = Site.answer({
      stats: () => Effect.runSync(stats),
      unready: () => Effect.runSync(unready),
      vitals: vitals.read,
      version: PARLEY_VERSION
    })
    const local = yield* web.serve(at, answer)
    yield* Effect.annotateLogs(Effect.logInfo("showing metrics"), { at: `http://${Endpoint.format(local)}/` })
  })
