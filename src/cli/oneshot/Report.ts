import * as Effect from "effect/Effect"
import * as SafeText from "../../domain/SafeText.js"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import * as Complaint from "../Complaint.js"
import { ExitCode } from "../ExitCode.js"
import * as Line from "../json/Line.js"
import { ProgramError } from "../ProgramError.js"

/**
 * How a command that does one thing and ends speaks: results on standard output, notes on standard error for whoever
 * watches.
 */
export interface Report {
  /** How it goes on, in one line, whatever it is made of; only where standard error is a screen. */
  readonly note: (text: string) => Effect.Effect<void>
  /** What somebody has to mend although the command goes on, in one line, screen or not: `cron` mails it. */
  readonly warn: (text: string) => Effect.Effect<void>
  /**
   * One line of JSON, where JSON was asked for. The command goes on when it cannot be written: `complete` tells of it.
   */
  readonly json: (event: object) => Effect.Effect<void>
  /** Fails when a line of JSON was lost. A reader who went away (`head -1`) wanted no more, so that is no loss. */
  readonly complete: Effect.Effect<void, ProgramError>
}

export const make = (json: boolean): Effect.Effect<Report, never, Terminal> =>
  Effect.map(Terminal, (terminal) => {
    const { errorIsTty, write, writeError } = terminal
    let lost: TerminalClosed | undefined
    const keep = (error: TerminalClosed) =>
      Effect.sync(() => {
        if (error.reason === "Failed") lost ??= error
      })
    return {
      note: (text) => (errorIsTty ? writeError(`* ${SafeText.line(text)}\n`) : Effect.void),
      warn: (text) => (errorIsTty ? writeError(`* ${SafeText.line(text)}\n`) : Complaint.tell(terminal, text)),
      json: (event) => (json ? Effect.catchAll(write(Line.encode(event)), keep) : Effect.void),
      complete: Effect.suspend(() => (lost === undefined ? Effect.void : new ProgramError({ message: lost.message })))
    }
  })

/** Tells a failure of `program` as the last line of JSON too, and fails when the JSON is not complete. */
export const telling =
  (report: Report) =>
  <A, R>(program: Effect.Effect<A, ProgramError, R>): Effect.Effect<A, ProgramError, R> =>
    Effect.tapError(program, ({ code = "Failure", exitCode = ExitCode.failure, message }) =>
      report.json({ event: "error", code, message, exitCode })
    ).pipe(Effect.zipLeft(report.complete))

/** The interruption of `program` told as a failure; what to say comes from `farewell`, which gets its time. */
export const interrupted = (message: string): ProgramError =>
  new ProgramError({ message, code: "Interrupted", exitCode: ExitCode.interrupted })

/** `30s`, `1.5s`, `2m`: a span of time in milliseconds for people. */
export const span = (ms: number): string =>
  ms < 1_000 ? `${ms} ms` : ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1_000} s`
