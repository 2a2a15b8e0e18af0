import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as LogLevel from "effect/LogLevel"
import * as Endpoint from "../domain/Endpoint.js"
import * as Server from "../server/Server.js"
import { defaults } from "../server/ServerOptions.js"
import type { Crypto } from "../services/Crypto.js"
import type { Datagrams } from "../services/Datagrams.js"
import type { Entropy } from "../services/Entropy.js"
import type { Listener } from "../services/Listener.js"
import { Terminal } from "../services/Terminal.js"
import type { ServerSettings } from "./commands/Server.js"
import { ProgramError } from "./ProgramError.js"

/**
 * `parley server`: serves until it is interrupted (by a signal), which announces the end to the clients. Standard
 * output gets one line, with the actual address, once connections are accepted, unless the log says so on the same
 * screen; it may be full, closed or absent.
 */
export const run = (
  settings: ServerSettings
): Effect.Effect<never, ProgramError, Listener | Datagrams | Entropy | Crypto | Terminal> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const { local } = yield* Server.Server
    // Who has both streams on one screen has read it in the log.
    const logged = LogLevel.lessThanEqual(yield* FiberRef.get(FiberRef.currentMinimumLogLevel), LogLevel.Info)
    if (!(logged && terminal.outputIsTty && terminal.errorIsTty))
      // A server serves whether or not anybody can read this.
      yield* Effect.ignore(terminal.write(`parley server listening on ${Endpoint.format(local)}\n`))
    return yield* Effect.never
  }).pipe(
    Effect.provide(
      Server.layerStandalone({
        host: settings.host,
        port: settings.port,
        token: settings.token,
        motd: settings.motd,
        relay: settings.relay ? defaults.relay : undefined,
        maxConnections: settings.maxConnections,
        address: {
          ...defaults.address,
          connections: settings.maxConnectionsPerAddress
        }
      })
    ),
    Effect.catchTag("ListenError", ({ message }) => new ProgramError({ message }))
  )
