import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ServerApi } from "../server/Server.js"
import type { Changeable } from "../server/ServerOptions.js"
import type { Host } from "./commands/Host.js"
import type { ServerSettings } from "./commands/Server.js"
import type { ProgramError } from "./ProgramError.js"
import { optionsOf } from "./ServerOptionsOf.js"
import * as ServerTls from "./ServerTls.js"

/**
 * Whenever this process is told to (SIGHUP), as long as the scope lives: reads the options again, the configuration
 * file and the files that they name, and does from then on what they say, as far as that can be while a server runs;
 * the log says what was changed and what needs a restart. Links stay as they are. When something is wrong, nothing
 * changes but what was right in itself, and the log says why.
 */
export const onHangUp = (
  started: ServerSettings,
  again: Effect.Effect<ServerSettings, ProgramError>,
  server: ServerApi,
  host: Pick<Host, "exposure" | "onHangUp">
): Effect.Effect<void, never, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    let current = started
    if (server.tls !== undefined) yield* ServerTls.told(server.tls)
    const options = Effect.gen(function* () {
      const settings = yield* again
      const changed = differing(current, settings).filter((key) => AT_ONCE.has(key))
      const later = differing(started, settings).filter((key) => !AT_ONCE.has(key))
      current = settings
      if (changed.length > 0) yield* server.change(changesOf(settings))
      yield* Effect.annotateLogs(Effect.logInfo("the options were read again"), {
        changed: changed.length === 0 ? "nothing" : changed.join(",")
      })
      if (later.length > 0)
        yield* Effect.annotateLogs(Effect.logWarning("these options need a restart"), { options: later.join(",") })
    }).pipe(
      Effect.catchAll(({ message }) =>
        Effect.annotateLogs(Effect.logError("the options stay as they were"), { error: message })
      )
    )
    const certificate = Effect.suspend(() =>
      server.tls === undefined || current.tls === undefined
        ? Effect.void
        : ServerTls.renew(current.tls, server.tls, host)
    )
    const context = yield* Effect.context<FileSystem.FileSystem>()
    yield* host.onHangUp(Effect.provide(Effect.zipRight(options, certificate), context))
  })

/** What can change while a server runs; of what the names of options are a part, that whole. */
const changesOf = (settings: ServerSettings): Changeable => {
  const { address, exempt, incoming, maxConnections, motd, restart, sendQueue, session, token } = optionsOf(settings)
  return { address, exempt, incoming, maxConnections, motd, restart, sendQueue, session, token }
}

/** Options that count at once. */
const AT_ONCE: ReadonlySet<string> = new Set<keyof ServerSettings>([
  "exempt",
  "idleTimeout",
  "incoming",
  "lists",
  "maxConnections",
  "maxConnectionsPerAddress",
  "motd",
  "newConnectionsPerAddress",
  "queries",
  "registerTimeout",
  "registrations",
  "restartSpread",
  "sendQueue",
  "token",
  "unreadableLines",
  "updates",
  "workBeforeRegistering",
  "workPerAddress",
  "workPerConnection"
])

/** The options that differ, by their names. Where the certificate lies is no matter, but whether there is one. */
const differing = (one: ServerSettings, other: ServerSettings): ReadonlyArray<string> =>
  (Object.keys(other) as ReadonlyArray<keyof ServerSettings>).filter((key) =>
    key === "tls"
      ? (one.tls === undefined) !== (other.tls === undefined)
      : JSON.stringify(one[key]) !== JSON.stringify(other[key])
  )
