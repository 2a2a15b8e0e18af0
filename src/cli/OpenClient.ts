import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ClientApi } from "../client/Client.js"
import type { ClientOptions } from "../client/ClientOptions.js"
import * as Client from "../client/make.js"
import { ProgramError } from "./ProgramError.js"
import type { ConnectionSettings } from "./Settings.js"

/** A client as the options of a command say, and `more` as the command itself needs it. */
export const open = (
  settings: ConnectionSettings,
  more: ClientOptions = {}
): Effect.Effect<ClientApi, ProgramError, Client.ClientServices | Scope.Scope> =>
  Client.make({
    ...more,
    ...(settings.server === undefined ? {} : { server: settings.server }),
    lan: settings.lan,
    path: settings.path,
    stun: settings.stun,
    portMapping: settings.portMapping,
    history: settings.history,
    ...(settings.token === undefined ? {} : { token: settings.token })
  }).pipe(Effect.mapError(({ message }) => new ProgramError({ message })))
