import * as Data from "effect/Data"

/** The program cannot go on: `message` is the one line that the user reads on standard error; the exit code is 1. */
export class ProgramError extends Data.TaggedError("ProgramError")<{ readonly message: string }> {}
