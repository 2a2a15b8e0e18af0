import * as Effect from "effect/Effect"
import { Terminal } from "../../services/Terminal.js"
import { ExitCode } from "../ExitCode.js"
import * as Line from "../json/Line.js"
import { ProgramError } from "../ProgramError.js"

/**
 * How a command that does one thing and ends speaks: results on standard output, notes on standard error for whoever
 * watches.
 */
export interface Report {
  /** How it goes on, one sanitized line; only where standard error is a screen. */
  readonly note: (text: string) => Effect.Effect<void>
  /** One line of JSON, where JSON was asked for. Nobody who reads it is no reason to stop. */
  readonly json: (event: object) => Effect.Effect<void>
}

export const make = (json: boolean): Effect.Effect<Report, never, Terminal> =>
  Effect.map(Terminal, ({ errorIsTty, write, writeError }) => ({
    note: (text) => (errorIsTty ? writeError(`* ${text}\n`) : Effect.void),
    json: (event) => (json ? Effect.ignore(write(Line.encode(event))) : Effect.void)
  }))

/** Tells a failure of `program` as the last line of JSON too. */
export const failing =
  (report: Report) =>
  <A, R>(program: Effect.Effect<A, ProgramError, R>): Effect.Effect<A, ProgramError, R> =>
    Effect.tapError(program, ({ code = "Failure", exitCode = ExitCode.failure, message }) =>
      report.json({ event: "error", code, message, exitCode })
    )

/** The interruption of `program` told as a failure; what to say comes from `farewell`, which gets its time. */
export const interrupted = (message: string): ProgramError =>
  new ProgramError({ message, code: "Interrupted", exitCode: ExitCode.interrupted })

/** `30s`, `1.5s`, `2m`: a span of time in milliseconds for people. */
export const span = (ms: number): string =>
  ms < 1_000 ? `${ms} ms` : ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1_000} s`
