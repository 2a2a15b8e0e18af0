import * as Data from "effect/Data"
import type { ExitCode } from "./ExitCode.js"

/** The program cannot go on: `message` is the one line that the user reads on standard error. */
export class ProgramError extends Data.TaggedError("ProgramError")<{
  readonly message: string
  /** `failure` when left out. */
  readonly exitCode?: ExitCode
  /** For programs, as in `error` events of JSON mode. */
  readonly code?: string
}> {}
