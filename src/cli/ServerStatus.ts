import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Endpoint from "../domain/Endpoint.js"
import type { ServerApi } from "../server/Server.js"
import { History } from "../server/status/History.js"
import { EVERY_MS } from "../server/status/Sheet.js"
import * as Site from "../server/status/Site.js"
import type { ListenError } from "../services/Listener.js"
import { Vitals } from "../services/Vitals.js"
import { Web, type WebAddress } from "../services/Web.js"

/** Shows the server's state by HTTP as long as the scope lives, and says in the log where. */
export const serve = (
  at: WebAddress,
  server: ServerApi
): Effect.Effect<void, ListenError, Web | Vitals | Scope.Scope> =>
  Effect.gen(function* () {
    const web = yield* Web
    const { read: vitals } = yield* Vitals
    const stats = () => Effect.runSync(server.stats)
    const history = new History()
    const look = Effect.clockWith(({ currentTimeMillis }) => currentTimeMillis).pipe(
      Effect.map((now) => history.look(now, stats(), vitals()))
    )
    yield* look
    yield* Effect.forkScoped(Effect.schedule(look, Schedule.spaced(EVERY_MS)))
    const answer = Site.answer({
      stats,
      unready: () => Effect.runSync(server.unready),
      vitals,
      rows: () => history.rows,
      page: { body: PARLEY_PAGE, script: PARLEY_PAGE_SCRIPT, policy: PARLEY_PAGE_POLICY },
      version: PARLEY_VERSION
    })
    const local = yield* web.serve(at, answer)
    yield* Effect.annotateLogs(Effect.logInfo("showing metrics"), { at: `http://${Endpoint.format(local)}/` })
  })
