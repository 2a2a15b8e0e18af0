import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as PlatformTerminal from "@effect/platform/Terminal"
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as SafeText from "../domain/SafeText.js"
import { Terminal } from "../services/Terminal.js"
import * as Complaint from "./Complaint.js"
import * as ConfigFile from "./ConfigFile.js"
import { flagsOf, flagsWithValue, type Options } from "./commands/Option.js"
import type { Host } from "./commands/Subcommand.js"
import { table } from "./commands/Table.js"
import { ExitCode } from "./ExitCode.js"
import { dashLast, inspect, mistakeIn } from "./help/Arguments.js"
import * as HelpConsole from "./help/HelpConsole.js"

/**
 * Runs the command line and gives the exit code. A failure is told in one line on standard error. Interruption passes
 * through.
 */
export const run = (
  argv: ReadonlyArray<string>,
  host: Host
): Effect.Effect<ExitCode, never, Terminal | FileSystem.FileSystem | Path.Path | PlatformTerminal.Terminal> =>
  Effect.gen(function* () {
    const args = inspect(argv.slice(2))
    if (args.logLevel !== undefined && !LEVELS.includes(args.logLevel.toLowerCase())) {
      return yield* complain(`--log-level must be one of ${LEVELS.join(", ")}`, ExitCode.usage)
    }
    const options = optionsOf(args.rest)
    const valued = flagsWithValue(options)
    const mistake = args.informational ? undefined : mistakeIn(args.rest, flagsOf(options), valued)
    if (mistake !== undefined) return yield* complain(mistake, ExitCode.usage)
    const provider = args.informational
      ? ConfigProvider.fromMap(new Map())
      : yield* ConfigFile.provider(
          table.map(({ options }) => options),
          args.config,
          host
        )
    yield* Command.run(parley(host, args.logLevel), { name: "parley", version: PARLEY_VERSION })([
      ...argv.slice(0, 2),
      ...dashLast(args.rest, valued)
    ]).pipe(
      (parsed) => HelpConsole.provide(parsed, valued),
      Effect.provide(Layer.mergeAll(Layer.setConfigProvider(provider), CliConfig.layer({ showTypes: false }), logging))
    )
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

/** The options of the command that the arguments name first. */
const optionsOf = (args: ReadonlyArray<string>): Options => {
  for (const arg of args) {
    const command = table.find(({ name }) => name === arg)
    if (command !== undefined) return command.options
  }
  return {}
}

const parley = (host: Host, logLevel: string | undefined) => {
  const [first, ...others] = table
  return Command.make("parley").pipe(
    Command.withDescription("Direct chat for terminals and programs: a small server introduces, UDP carries"),
    Command.withSubcommands([
      first.toLibrary(host, logLevel),
      ...others.map((command) => command.toLibrary(host, logLevel))
    ])
  )
}

const complain = (message: string, exitCode: ExitCode = ExitCode.failure): Effect.Effect<ExitCode, never, Terminal> =>
  Effect.flatMap(Terminal, (terminal) => Effect.as(Complaint.tell(terminal, message), exitCode))

/** An entry of the log is one line, whatever it tells of, on standard error: standard output is the conversation's. */
const logging = Layer.unwrapEffect(
  Effect.map(Terminal, ({ writeError }) =>
    Logger.replace(
      Logger.defaultLogger,
      Logger.map(Logger.logfmtLogger, (entry) => {
        Effect.runFork(writeError(`${SafeText.line(entry, SafeText.MAX_TEXT)}\n`))
      })
    )
  )
)

/** A part of the program that could not be loaded is no fault of it. */
const ofDefect = (defect: unknown): string => {
  const message = defect instanceof Error ? defect.message : String(defect)
  return /\bE[MN]FILE\b/.test(message)
    ? "too few open files are allowed here (ulimit -n); allow 1024"
    : `internal error: ${message}`
}

const LEVELS = ["all", "trace", "debug", "info", "warning", "error", "fatal", "none"]
