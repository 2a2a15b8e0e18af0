import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Client from "../client/Client.js"
import { serversOf } from "../client/ClientOptions.js"
import { Terminal, type TerminalClosed } from "../services/Terminal.js"
import { goodbye, open } from "./ClientLifetime.js"
import type { ClientSettings } from "./commands/Client.js"
import * as Folders from "./files/Folders.js"
import type { ProgramError } from "./ProgramError.js"
import * as TerminalProgram from "./terminal/Program.js"

/** `parley client`: for programs with `--json`, else for people. Interrupted (by a signal), it says goodbye first. */
export const run = (
  settings: ClientSettings
): Effect.Effect<void, ProgramError | TerminalClosed, Client.ClientServices | FileSystem.FileSystem | Terminal> =>
  Effect.scoped(
    Effect.gen(function* () {
      const {
        accept,
        acceptCalls,
        answer,
        downloads,
        full,
        json,
        lines,
        nick,
        readReceipts,
        set = [],
        userHome
      } = settings
      if (downloads !== undefined) yield* Folders.check(downloads)
      const client = yield* open({
        ...settings.client,
        readReceipts,
        accept,
        acceptCalls,
        answer,
        ...(downloads === undefined ? {} : { downloads })
      })
      if (json) {
        // Its formats take a tenth of a start, and people need none of them.
        const program = yield* Effect.promise(() => import("./json/Program.js"))
        return yield* program.run(client, nick).pipe(
          goodbye(client),
          Effect.onInterrupt(() => program.sayBye)
        )
      }
      const listFolder = yield* Folders.list
      const home = userHome === undefined ? {} : { home: userHome }
      const [server] = serversOf(settings.client)
      const named = server === undefined ? {} : { server: `${server.host}:${server.port}` }
      const terminal = yield* Terminal
      const options = { nick, readReceipts, full, listFolder, settings: set, ...home, ...named }
      yield* TerminalProgram.run(client, options).pipe(
        Effect.provideService(Terminal, lines ? { ...terminal, interactive: false } : terminal),
        goodbye(client)
      )
    })
  )
