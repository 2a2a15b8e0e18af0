import type * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import type { Environment, UserFolders } from "../../domain/UserFolders.js"
import type { Terminal, TerminalClosed } from "../../services/Terminal.js"
import { ExitCode } from "../ExitCode.js"
import type { Machine } from "../Machine.js"
import type { ProgramError } from "../ProgramError.js"
import type { Options, Parsed } from "./Option.js"

/** What there is to say of a command before its program is loaded. */
export interface Subcommand<O extends Options, A extends Arguments, Settings> {
  readonly name: string
  /** What it does, a sentence without its full stop. */
  readonly help: string
  readonly options: O
  readonly arguments: A
  /** Makes the settings of the program of what was typed, or says what does not go together. */
  readonly settings: (
    parsed: Parsed<O> & ParsedArguments<A>,
    folders: UserFolders
  ) => Effect.Effect<Settings, ProgramError, FileSystem.FileSystem>
  /** Its log is for operators, and written unless they say otherwise; for people only warnings are of interest. */
  readonly logs?: true
  /** Somebody waits for its success: an interrupted run has not succeeded. */
  readonly oneShot?: true
}

export type Arguments = Readonly<Record<string, Args.Args<unknown>>>
type ParsedArguments<A extends Arguments> = {
  readonly [Key in keyof A]: A[Key] extends Args.Args<infer Value> ? Value : never
}

/** The settings that the program of a command is given. */
export type SettingsOf<S> = S extends Subcommand<infer _O, infer _A, infer Settings> ? Settings : never

/** A command as written, with its types. */
export const make = <O extends Options, A extends Arguments, Settings>(
  subcommand: Subcommand<O, A, Settings>
): Subcommand<O, A, Settings> => subcommand

/** The process that a command runs in. */
export interface Host {
  readonly env: Environment
  readonly folders: UserFolders
  /** Loads what the programs stand on; asked for only when one of them starts. */
  readonly machine: Effect.Effect<Machine>
  /** What the process ends with if it ends by an interruption. */
  readonly setExitCode: (code: ExitCode) => void
  /**
   * What other users of the machine can do to a file: read it when it is `secret`, or change it; a sentence with what
   * to type against it, or `undefined`. Nothing can be said of a file that is not there.
   */
  readonly exposure: (path: string, secret: boolean) => Effect.Effect<string | undefined>
  /** As long as the scope lives, a hang-up (SIGHUP) runs this instead of ending the process. */
  readonly onHangUp: (run: Effect.Effect<void>) => Effect.Effect<void, never, Scope.Scope>
}

/** A command with its program, whatever its settings are. */
export interface Row {
  readonly name: string
  readonly options: Options
  /** The command as the command-line library knows it. */
  readonly toLibrary: (host: Host, logLevel: string | undefined) => LibraryCommand
}

type LibraryCommand = Command.Command<
  string,
  FileSystem.FileSystem | Terminal,
  ProgramError | TerminalClosed,
  Readonly<Record<string, unknown>>
>

/**
 * Joins a command and its program, which is loaded together with the machine when the command is asked for, so that
 * `--help` loads neither.
 */
export const row = <O extends Options, A extends Arguments, Settings, Module>(
  command: Subcommand<O, A, Settings>,
  load: () => Promise<Module>,
  start: (
    program: Module,
    settings: Settings,
    machine: Machine,
    host: Host
  ) => Effect.Effect<void, ProgramError | TerminalClosed, FileSystem.FileSystem | Terminal>
): Row => ({
  name: command.name,
  options: command.options,
  toLibrary: (host, logLevel) => {
    const config: Record<string, unknown> = { ...command.arguments }
    for (const [key, option] of Object.entries(command.options)) config[key] = option.toLibrary(key)
    const run = (parsed: Parsed<O> & ParsedArguments<A>) =>
      Effect.gen(function* () {
        const settings = yield* command.settings(parsed, host.folders)
        const [program, machine] = yield* Effect.all([Effect.promise(load), host.machine], { concurrency: 2 })
        yield* start(program, settings, machine, host)
      }).pipe(
        command.oneShot === true
          ? Effect.onInterrupt(() => Effect.sync(() => host.setExitCode(ExitCode.interrupted)))
          : (program) => program,
        command.logs === true || logLevel !== undefined
          ? (program) => program
          : Logger.withMinimumLogLevel(LogLevel.Warning)
      )
    return Command.make(command.name, config as Command.Command.Config, run as never).pipe(
      Command.withDescription(command.help)
    ) as LibraryCommand
  }
})
