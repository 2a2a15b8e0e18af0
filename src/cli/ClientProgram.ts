import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { ClientApi } from "../client/Client.js"
import * as Client from "../client/make.js"
import { Terminal, type TerminalClosed } from "../services/Terminal.js"
import * as JsonEvent from "./json/Event.js"
import * as JsonProgram from "./json/Program.js"
import { ProgramError } from "./ProgramError.js"
import type { ClientSettings } from "./Settings.js"
import * as TerminalProgram from "./terminal/Program.js"

/** `parley client`: for programs with `--json`, else for people. Interrupted (by a signal), it says goodbye first. */
export const run = (
  settings: ClientSettings
): Effect.Effect<void, ProgramError | TerminalClosed, Client.ClientServices | Terminal> =>
  Effect.scoped(
    Effect.gen(function* () {
      const client = yield* Client.make({
        ...(settings.server === undefined ? {} : { server: settings.server }),
        lan: settings.lan,
        path: settings.path,
        stun: settings.stun,
        portMapping: settings.portMapping,
        ...(settings.token === undefined ? {} : { token: settings.token })
      }).pipe(Effect.mapError(({ message }) => new ProgramError({ message })))
      yield* settings.json
        ? JsonProgram.run(client, settings.nick).pipe(
            goodbye(client),
            Effect.onInterrupt(() => sayBye)
          )
        : TerminalProgram.run(client, { nick: settings.nick }).pipe(goodbye(client))
    })
  )

/** Leaves in order when interrupted. What was typed last gets half a second, as whoever sent the signal waits. */
export const goodbye =
  (client: ClientApi) =>
  <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.onInterrupt(program, () => unhurried(client.exit(LINGER)))

const LINGER = 500

const sayBye = Effect.flatMap(Terminal, (terminal) =>
  unhurried(Effect.timeoutOption(terminal.write(JsonEvent.encode({ event: "bye" })), LINGER))
)

/** Runs in a finalizer what has time-outs of its own: an interrupted fiber could not wait for them. */
const unhurried = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<void, never, R> =>
  Effect.forkDaemon(Effect.interruptible(effect)).pipe(Effect.flatMap(Fiber.await), Effect.asVoid)
