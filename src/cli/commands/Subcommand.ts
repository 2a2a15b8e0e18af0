import * as Command from "@effect/cli/Command"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import type { Sources } from "../ConfigFile.js"
import { type Exit, ExitCode, PLAIN_EXITS } from "../ExitCode.js"
import type { Run } from "../help/Request.js"
import type { CommandSurface } from "../help/Surface.js"
import type { Machine } from "../Machine.js"
import type { ProgramError } from "../ProgramError.js"
import type { Arguments, ParsedArguments } from "./Argument.js"
import type { Host } from "./Host.js"
import { type Options, type Parsed, surfaceOf } from "./Option.js"

/** What there is to say of a command before its program is loaded. */
export interface Subcommand<O extends Options, A extends Arguments, Settings> {
  readonly name: string
  /** What it does, a sentence without its full stop. */
  readonly help: string
  readonly options: O
  readonly arguments: A
  /** A line to type, where one says more than words. */
  readonly examples?: ReadonlyArray<string>
  /** How it can end; as most commands do when left out. */
  readonly exits?: ReadonlyArray<Exit>
  /** Makes the settings of the program of what was typed, or says what does not go together. */
  readonly settings: (
    parsed: Parsed<O> & ParsedArguments<A>,
    host: Pick<Host, "env" | "exposure" | "folders">
  ) => Effect.Effect<Settings, ProgramError, FileSystem.FileSystem>
  /** Its log is for operators, and written unless they say otherwise; for people only warnings are of interest. */
  readonly logs?: true
  /** Somebody waits for its success: an interrupted run has not succeeded. */
  readonly oneShot?: true
}

/** The settings that the program of a command is given. */
export type SettingsOf<S> = S extends Subcommand<infer _O, infer _A, infer Settings> ? Settings : never

/** A command as written, with its types. */
export const make = <O extends Options, A extends Arguments, Settings>(
  subcommand: Subcommand<O, A, Settings>
): Subcommand<O, A, Settings> => subcommand

/** A command with its program, whatever its settings are. */
export interface Row {
  readonly options: Options
  readonly surface: CommandSurface
  /** Runs the command without the library, where it is about the command line itself. */
  readonly direct?: (request: Run, sources: Sources) => Effect.Effect<void, ProgramError | TerminalClosed, Terminal>
  /** The command as the command-line library knows it. */
  readonly toLibrary: (host: Host, logLevel: string | undefined, reread: Reread) => LibraryCommand
}

/** Runs this command with the same line, the environment and what the configuration file says now. */
export type Reread = (command: LibraryCommand) => Effect.Effect<void, ProgramError>

export type LibraryCommand = Command.Command<
  string,
  FileSystem.FileSystem | Terminal,
  ProgramError | TerminalClosed,
  Readonly<Record<string, unknown>>
>

/**
 * Joins a command and its program, which is loaded together with the machine when the command is asked for, so that a
 * command loads no other one's.
 */
export const row = <O extends Options, A extends Arguments, Settings, Module>(
  command: Subcommand<O, A, Settings>,
  load: () => Promise<Module>,
  start: (
    program: Module,
    settings: Settings,
    machine: Machine,
    host: Host,
    /** The settings as they would be if the command was started now. */
    again: Effect.Effect<Settings, ProgramError>
  ) => Effect.Effect<void, ProgramError | TerminalClosed, FileSystem.FileSystem | Terminal>
): Row => ({
  options: command.options,
  surface: {
    name: command.name,
    help: command.help,
    options: Object.entries(command.options).map(([key, option]) => surfaceOf(key, option)),
    arguments: Object.values(command.arguments).map(({ surface }) => surface),
    examples: command.examples ?? [],
    exits: command.exits ?? PLAIN_EXITS
  },
  toLibrary: (host, logLevel, reread) => {
    const config: Record<string, unknown> = {}
    for (const [key, argument] of Object.entries(command.arguments)) config[key] = argument.toLibrary
    for (const [key, option] of Object.entries(command.options)) config[key] = option.toLibrary(key)
    const commandOf = (run: unknown) =>
      Command.make(command.name, config as Command.Command.Config, run as never) as LibraryCommand
    const again = Effect.suspend(() => {
      let found: Settings | undefined
      const find = (parsed: Parsed<O> & ParsedArguments<A>) =>
        Effect.map(command.settings(parsed, host), (settings) => {
          found = settings
        })
      return Effect.map(reread(commandOf(find)), () => found as Settings)
    })
    const run = (parsed: Parsed<O> & ParsedArguments<A>) => {
      const isQuiet = (parsed as { readonly quiet?: boolean }).quiet === true
      return Effect.gen(function* () {
        const settings = yield* command.settings(parsed, host)
        const [program, machine] = yield* Effect.all([Effect.promise(load), host.machine], { concurrency: 2 })
        yield* start(program, settings, machine, host, again)
      }).pipe(
        command.oneShot === true
          ? Effect.onInterrupt(() => Effect.sync(() => host.setExitCode(ExitCode.interrupted)))
          : (program) => program,
        isQuiet ? Effect.updateService(Terminal, unwatched) : (program) => program,
        (command.logs === true && !isQuiet) || logLevel !== undefined
          ? (program) => program
          : Logger.withMinimumLogLevel(LogLevel.Warning)
      )
    }
    return commandOf(run)
  }
})

/** Notes and bars are for somebody who watches. */
const unwatched = (terminal: Terminal["Type"]): Terminal["Type"] => ({ ...terminal, errorIsTty: false })
