import process from "node:process"
import * as TerminalText from "../../domain/TerminalText.js"
import { type OutputFailure, StandardOutput } from "./StandardOutput.js"

/**
 * The standard streams for what is printed without a program: help, and what is wrong with a command line. As
 * `Terminal` does, and without Effect, whose loading would take longer than all the rest.
 */
export const make = () => {
  const { env, stderr, stdout } = process
  const output = new StandardOutput()
  const colors = stdout.isTTY === true && env.TERM !== "dumb" && (env.NO_COLOR ?? "") === ""
  // A stream without a listener for errors throws them; `print` reports what matters.
  stdout.on("error", () => {})
  stderr.on("error", () => {})
  return {
    columns: stdout.columns || stderr.columns || 80,
    /** Whether text may be coloured. */
    colors,
    /** Writes lines to standard output; `done` hears what is wrong when they are not all there. */
    print: (text: string, done: (failure: OutputFailure | undefined) => void): void =>
      output.write(TerminalText.painted(`${text}\n`, { colors, cursor: false }), (failure) =>
        failure === undefined ? output.flush(done) : done(failure)
      ),
    /** Writes a line to standard error, best effort. */
    tell: (line: string): void => {
      stderr.write(`${TerminalText.plain(line).replaceAll("\n", " ")}\n`)
    }
  }
}
