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
import * as LogLevel from "effect/LogLevel"
import { Terminal, type TerminalClosed } from "../services/Terminal.js"
import { inspect } from "./Arguments.js"
import * as ConfigFile from "./ConfigFile.js"
import * as HelpConsole from "./HelpConsole.js"
import * as Options from "./Options.js"
import { dataHome, type Environment } from "./Places.js"
import { ProgramError } from "./ProgramError.js"
import type { ClientSettings, DoctorSettings, ServerSettings } from "./Settings.js"
import * as Simulate from "./simulate/Command.js"
import type { SimulateSettings } from "./simulate/Program.js"

/** What the commands run. Each is asked for only when its command is, so that `--help` loads none of them. */
export interface Programs {
  readonly server: (settings: ServerSettings) => Effect.Effect<void, ProgramError | TerminalClosed, Terminal>
  readonly client: (settings: ClientSettings) => Effect.Effect<void, ProgramError | TerminalClosed, Terminal>
  readonly doctor: (settings: DoctorSettings) => Effect.Effect<void, ProgramError | TerminalClosed, Terminal>
  readonly simulate: (settings: SimulateSettings) => Effect.Effect<void, ProgramError | TerminalClosed, Terminal>
  readonly demo: Effect.Effect<void, ProgramError | TerminalClosed, Terminal>
}

export type ExitCode = 0 | 1 | 2

/**
 * Runs the command line and gives the exit code: 0 when all went well, 1 after a failure, which is told in one line on
 * standard error, 2 when the command line itself is wrong. Interruption passes through.
 */
export const run = (
  argv: ReadonlyArray<string>,
  env: Environment,
  programs: Programs
): Effect.Effect<ExitCode, never, Terminal | FileSystem.FileSystem | Path.Path | PlatformTerminal.Terminal> =>
  Effect.gen(function* () {
    const args = inspect(argv.slice(2))
    if (args.logLevel !== undefined && !LEVELS.includes(args.logLevel.toLowerCase())) {
      yield* complain(`--log-level must be one of ${LEVELS.join(", ")}`)
      return 2 as const
    }
    const provider = args.informational
      ? ConfigProvider.fromMap(new Map())
      : yield* ConfigFile.provider(args.config, env)
    yield* Command.run(commands(env, programs, args.logLevel), { name: "parley", version: PARLEY_VERSION })([
      ...argv.slice(0, 2),
      ...args.rest
    ]).pipe(
      (parsed) => HelpConsole.provide(parsed, valuedOf(args.rest)),
      Effect.provide(
        Layer.mergeAll(
          Layer.setConfigProvider(provider),
          CliConfig.layer({ showTypes: false }),
          // Standard output belongs to the conversation.
          Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))
        )
      )
    )
    return 0 as const
  }).pipe(
    Effect.catchAll((error) => {
      if (ValidationError.isValidationError(error)) return Effect.succeed(2 as const)
      // Nobody reads what we write: there is nothing to add.
      if (error._tag === "TerminalClosed") return Effect.succeed(0 as const)
      return complain(error.message)
    }),
    Effect.catchAllDefect((defect) =>
      Effect.zipRight(
        Effect.logDebug("internal error", Cause.die(defect)),
        complain(`internal error: ${defect instanceof Error ? defect.message : String(defect)}`)
      )
    )
  )

const commands = (env: Environment, programs: Programs, logLevel: string | undefined) => {
  /** Unless asked for, messages for operators have no place between those for people. */
  const quiet = <Name extends string, R, E, A>(command: Command.Command<Name, R, E, A>) =>
    logLevel === undefined ? Command.transformHandler(command, Logger.withMinimumLogLevel(LogLevel.Warning)) : command

  const server = Command.make("server", Options.server, ({ config: _, token, motd, maxConnections, ...options }) =>
    programs.server({
      ...options,
      token: Options.present(token),
      motd: Options.present(motd),
      maxConnections: Options.present(maxConnections),
      maxConnectionsPerAddress: Options.present(options.maxConnectionsPerAddress)
    })
  ).pipe(Command.withDescription("Run a rendezvous server, which introduces people to each other"))

  const client = Command.make("client", Options.client, ({ config: _, nick, token, home, noServer, ...options }) => {
    if (noServer && !options.lan)
      return new ProgramError({
        message: "without a server (--no-server) there is only the local network: say --lan too"
      })
    const server = noServer ? undefined : options.server
    const place = Options.present(home) ?? dataHome(env)
    return place === undefined
      ? new ProgramError({ message: "there is no home directory: set HOME, or say --home DIR" })
      : programs.client({ ...options, server, nick: Options.present(nick), token: Options.present(token), home: place })
  }).pipe(
    Command.withDescription("Register with a server and talk to people, directly and end-to-end encrypted"),
    quiet
  )

  const doctor = Command.make("doctor", Options.doctor, ({ config: _, ...options }) => programs.doctor(options)).pipe(
    Command.withDescription(
      "Examine this machine's network: what works, what to expect of conversations, what would help"
    ),
    quiet
  )

  const demo = Command.make("demo", {}, () => programs.demo).pipe(
    Command.withDescription("Try it on this machine alone: a server, a bot that repeats what you say, and you"),
    quiet
  )

  const simulate = Simulate.make((settings) => programs.simulate(settings)).pipe(quiet)

  return Command.make("parley").pipe(
    Command.withDescription("Direct chat for terminals and programs: a small server introduces, UDP carries"),
    Command.withSubcommands([server, client, doctor, demo, simulate])
  )
}

const valuedOf = (args: ReadonlyArray<string>): ReadonlySet<string> => {
  const options = { server: Options.server, client: Options.client, doctor: Options.doctor }
  const name = args.find((arg) => Object.hasOwn(options, arg))
  return name === undefined ? new Set() : Options.valued(options[name as keyof typeof options])
}

const complain = (message: string): Effect.Effect<ExitCode, never, Terminal> =>
  Effect.flatMap(Terminal, (terminal) =>
    Effect.as(terminal.writeError(`parley: ${message.replace(/\s*\n\s*/g, " ")}\n`), 1 as const)
  )

const LEVELS = ["all", "trace", "debug", "info", "warning", "error", "fatal", "none"]
