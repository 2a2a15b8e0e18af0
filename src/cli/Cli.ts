import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as PlatformTerminal from "@effect/platform/Terminal"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { Terminal } from "../services/Terminal.js"
import * as Complaint from "./Complaint.js"
import * as ConfigFile from "./ConfigFile.js"
import type { Host } from "./commands/Host.js"
import type { LibraryCommand, Reread } from "./commands/Subcommand.js"
import { table } from "./commands/Table.js"
import { ExitCode } from "./ExitCode.js"
import * as LibraryConsole from "./help/LibraryConsole.js"
import { LOG_LEVEL, type Run } from "./help/Request.js"
import * as Logging from "./Logging.js"
import { ProgramError } from "./ProgramError.js"

/**
 * Runs a command and gives the exit code. A failure is told in one line on standard error. Interruption passes through.
 */
export const run = (
  request: Run,
  host: Host
): Effect.Effect<ExitCode, never, Terminal | FileSystem.FileSystem | Path.Path | PlatformTerminal.Terminal> =>
  Effect.gen(function* () {
    const row = table.find(({ surface }) => surface.name === request.command.name)!
    const logLevel = request.given.get(LOG_LEVEL)
    const find = ConfigFile.sources(
      table.map(({ options }) => options),
      request.given.get("--config"),
      host
    )
    const sources = yield* find
    const context = yield* Effect.context<Terminal | FileSystem.FileSystem | Path.Path | PlatformTerminal.Terminal>()
    const reread: Reread = (command) =>
      Effect.flatMap(find, (found) => invoke(command, request, found)).pipe(
        Effect.mapError((error) => (error._tag === "ProgramError" ? error : new ProgramError({ message: WRONG }))),
        Effect.provide(context)
      )
    if (row.direct !== undefined) yield* row.direct(request, sources)
    else yield* Effect.provide(invoke(row.toLibrary(host, logLevel, reread), request, sources), logging)
    const { flush } = yield* Terminal
    yield* flush
    return ExitCode.ok
  }).pipe(
    Effect.catchAll((error) => {
      if (ValidationError.isValidationError(error)) return Effect.succeed(ExitCode.usage)
      // The reader of our output has gone away, and wanted no more.
      if (error._tag === "TerminalClosed")
        return error.reason === "HungUp" ? Effect.succeed(ExitCode.ok) : complain(error.message)
      return complain(error.message, error.exitCode)
    }),
    Effect.catchAllDefect((defect) =>
      Effect.zipRight(Effect.logDebug("internal error", Cause.die(defect)), complain(ofDefect(defect)))
    )
  )

const invoke = (command: LibraryCommand, { args }: Run, sources: ConfigFile.Sources) =>
  Command.run(parley(command), { name: "parley", version: PARLEY_VERSION })(["node", "parley", ...args]).pipe(
    LibraryConsole.provide,
    Effect.provide(
      Layer.mergeAll(Layer.setConfigProvider(ConfigFile.provider(sources)), CliConfig.layer({ showTypes: false }))
    )
  )

/** What is wrong was told where it was found. */
const WRONG = "an option is wrong now"

const parley = (command: LibraryCommand) => Command.make("parley").pipe(Command.withSubcommands([command]))

const complain = (message: string, exitCode: ExitCode = ExitCode.failure): Effect.Effect<ExitCode, never, Terminal> =>
  Effect.flatMap(Terminal, (terminal) => Effect.as(Complaint.tell(terminal, message), exitCode))

const logging = Layer.unwrapEffect(
  Effect.map(Terminal, ({ writeError }) => Logger.replace(Logger.defaultLogger, Logging.loggerOf("logfmt", writeError)))
)

/** A part of the program that could not be loaded is no fault of it. */
const ofDefect = (defect: unknown): string => {
  const message = defect instanceof Error ? defect.message : String(defect)
  return /\bE[MN]FILE\b/.test(message)
    ? "too few open files are allowed here (ulimit -n); allow 1024"
    : `internal error: ${message}`
}
