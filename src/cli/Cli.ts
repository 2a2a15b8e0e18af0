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
import { dashLast, inspect } from "./Arguments.js"
import * as ConfigFile from "./ConfigFile.js"
import { EXIT_CODES, ExitCode } from "./ExitCode.js"
import * as HelpConsole from "./HelpConsole.js"
import * as Options from "./Options.js"
import { dataHome, type Environment } from "./Places.js"
import { ProgramError } from "./ProgramError.js"
import type {
  ClientSettings,
  DoctorSettings,
  ReceiveFileSettings,
  SendFileSettings,
  SendSettings,
  ServerSettings
} from "./Settings.js"
import * as Simulate from "./simulate/Command.js"
import type { SimulateSettings } from "./simulate/Program.js"

/** What the commands run. Each is asked for only when its command is, so that `--help` loads none of them. */
export interface Programs {
  readonly server: (settings: ServerSettings) => Effect.Effect<void, ProgramError | TerminalClosed, Terminal>
  readonly client: (
    settings: ClientSettings
  ) => Effect.Effect<void, ProgramError | TerminalClosed, FileSystem.FileSystem | Terminal>
  readonly send: (settings: SendSettings) => Effect.Effect<void, ProgramError, Terminal>
  readonly sendFile: (settings: SendFileSettings) => Effect.Effect<void, ProgramError, Terminal>
  readonly receiveFile: (settings: ReceiveFileSettings) => Effect.Effect<void, ProgramError, Terminal>
  readonly doctor: (settings: DoctorSettings) => Effect.Effect<void, ProgramError | TerminalClosed, Terminal>
  readonly simulate: (settings: SimulateSettings) => Effect.Effect<void, ProgramError | TerminalClosed, Terminal>
  readonly demo: Effect.Effect<void, ProgramError | TerminalClosed, Terminal>
}

/**
 * Runs the command line and gives the exit code. A failure is told in one line on standard error. Interruption passes
 * through.
 */
export const run = (
  argv: ReadonlyArray<string>,
  env: Environment,
  programs: Programs
): Effect.Effect<ExitCode, never, Terminal | FileSystem.FileSystem | Path.Path | PlatformTerminal.Terminal> =>
  Effect.gen(function* () {
    const args = inspect(argv.slice(2))
    if (args.logLevel !== undefined && !LEVELS.includes(args.logLevel.toLowerCase())) {
      return yield* complain(`--log-level must be one of ${LEVELS.join(", ")}`, ExitCode.usage)
    }
    const valued = valuedOf(args.rest)
    const provider = args.informational
      ? ConfigProvider.fromMap(new Map())
      : yield* ConfigFile.provider(args.config, env)
    yield* Command.run(commands(env, programs, args.logLevel), { name: "parley", version: PARLEY_VERSION })([
      ...argv.slice(0, 2),
      ...dashLast(args.rest, valued)
    ]).pipe(
      (parsed) => HelpConsole.provide(parsed, valued),
      Effect.provide(
        Layer.mergeAll(
          Layer.setConfigProvider(provider),
          CliConfig.layer({ showTypes: false }),
          // Standard output belongs to the conversation.
          Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))
        )
      )
    )
    const { flush } = yield* Terminal
    yield* flush
    return ExitCode.ok
  }).pipe(
    Effect.catchAll((error) => {
      if (ValidationError.isValidationError(error)) return Effect.succeed(ExitCode.usage)
      // Nobody reads what we write: there is nothing to add.
      if (error._tag === "TerminalClosed")
        return error.reason === "HungUp" ? Effect.succeed(ExitCode.ok) : complain(error.message)
      return complain(error.message, error.exitCode)
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

  /** The options of a command with a client, checked against each other. */
  const connection = <A extends ConnectionOptions>({ config: _, home, noHistory, noServer, token, ...options }: A) => {
    if (noServer && !options.lan)
      return new ProgramError({
        message: "without a server (--no-server) there is only the local network: say --lan too",
        exitCode: ExitCode.usage
      })
    const place = Options.present(home) ?? dataHome(env)
    if (place === undefined)
      return new ProgramError({ message: "there is no home directory: set HOME, or say --home DIR" })
    return Effect.succeed({
      ...options,
      server: noServer ? undefined : options.server,
      history: !noHistory,
      token: Options.present(token),
      home: place
    })
  }

  const client = Command.make("client", Options.client, (options) =>
    Effect.flatMap(connection(options), ({ downloads, nick, ...settings }) =>
      programs.client({
        ...settings,
        nick: Options.present(nick),
        downloads: Options.present(downloads),
        userHome: env.HOME || undefined
      })
    )
  ).pipe(Command.withDescription("Register with a server and talk to people, directly and end-to-end encrypted"), quiet)

  const send = Command.make("send", { text: Options.text, ...Options.send }, ({ text, ...options }) =>
    Effect.flatMap(connection(options), (settings) =>
      programs.send({ ...settings, text: text.length === 0 ? undefined : text.join(" ") })
    )
  ).pipe(
    Command.withDescription(`Send one message, from the command line or standard input, and end. ${EXIT_CODES}`),
    quiet
  )

  const sendFile = Command.make("send-file", { source: Options.source, ...Options.sendFile }, (options) =>
    Effect.flatMap(connection(options), ({ name, ...settings }) =>
      programs.sendFile({ ...settings, name: Options.present(name) })
    )
  ).pipe(Command.withDescription(`Send a file, a folder or standard input to somebody, and end. ${EXIT_CODES}`), quiet)

  const receiveFile = Command.make("receive-file", Options.receiveFile, (options) =>
    Effect.flatMap(connection(options), ({ from, timeout, ...settings }) =>
      programs.receiveFile({ ...settings, from: Options.present(from), timeout: Options.present(timeout) })
    )
  ).pipe(
    Command.withDescription(`Wait for one file or folder that somebody sends, take it, and end. ${EXIT_CODES}`),
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
    Command.withSubcommands([server, client, send, sendFile, receiveFile, doctor, demo, simulate])
  )
}

type ConnectionOptions = Options.Parsed<typeof Options.connection>

const valuedOf = (args: ReadonlyArray<string>): ReadonlySet<string> => {
  const options = {
    server: Options.server,
    client: Options.client,
    send: Options.send,
    "send-file": Options.sendFile,
    "receive-file": Options.receiveFile,
    doctor: Options.doctor
  }
  const name = args.find((arg) => Object.hasOwn(options, arg))
  return name === undefined ? new Set() : Options.valued(options[name as keyof typeof options])
}

const complain = (message: string, exitCode: ExitCode = ExitCode.failure): Effect.Effect<ExitCode, never, Terminal> =>
  Effect.flatMap(Terminal, (terminal) =>
    Effect.as(terminal.writeError(`parley: ${message.replace(/\s*\n\s*/g, " ")}\n`), exitCode)
  )

const LEVELS = ["all", "trace", "debug", "info", "warning", "error", "fatal", "none"]
