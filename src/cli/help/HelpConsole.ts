import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import * as Complaint from "../Complaint.js"
import { layOut } from "./HelpText.js"

/**
 * Prints what the command-line library has to say: help laid out for the screen (`HelpText`), without colours where the
 * output cannot show them. Complaints carry the program's name as all of ours do.
 * `valued` are the flags that come with a value: the library takes one without its value for an unknown one.
 */
export const provide = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  valued: ReadonlySet<string>
): Effect.Effect<A, E | TerminalClosed, R | Terminal> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    let failure: TerminalClosed | undefined
    const console = yield* Effect.console
    const plain = (text: string) => (terminal.colors ? text : text.replace(COLOUR, ""))
    const quiet: Console.Console = {
      ...console,
      log: (...args) =>
        Effect.catchAll(
          terminal.paint(`${layOut(mended(plain(args.join(" ")).trim()), terminal.size().columns)}\n`),
          (error) =>
            Effect.sync(() => {
              failure ??= error
            })
        ),
      error: (...args) => {
        return Complaint.tell(terminal, inOurWords(args.join(" ").replace(COLOUR, "").trim(), valued))
      }
    }
    const result = yield* Effect.withConsole(effect, quiet)
    // The library's console cannot fail; help that did not get through is an error all the same.
    return failure === undefined ? result : yield* failure
  })

/**
 * Bash compares what was typed with `send__file`, where the command is called `send-file` (Effect-TS/effect#6114), and
 * so offers commands after it.
 */
export const mended = (text: string): string =>
  text.replace(/^( +parley,)([a-z]+(?:__[a-z]+)+)\)$/gm, (_, start, name) => `${start}${name.replaceAll("__", "-")})`)

/** The library speaks to programmers ("Expected to find option: '--to'"). What we do not know stays as it is. */
export const inOurWords = (complaint: string, valued: ReadonlySet<string>): string => {
  const missing = [...complaint.matchAll(/Expected to find option: '(--[a-z-]+)'/g)].map(([, flag]) => flag!)
  if (missing.length > 0) return `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing`
  const [, argument] = /^Missing argument <([^>]+)>/.exec(complaint) ?? []
  if (argument !== undefined) return `${argument} is missing`
  const [, valueless] = /^Expected a value following option: '(--[a-z-]+)'/.exec(complaint) ?? []
  if (valueless !== undefined) return `${valueless} needs a value`
  const [, unknown] = /^Received unknown argument: '(.*)'$/s.exec(complaint) ?? []
  if (unknown !== undefined) {
    const flag = unknown.replace(/=.*$/s, "")
    return valued.has(flag) ? `${flag} needs a value` : `nothing more was expected, but there is "${unknown}"`
  }
  const [, commands] = /^Invalid subcommand for parley - use one of (.+)$/.exec(complaint) ?? []
  return commands === undefined ? complaint : `say what to do first: one of ${commands.replaceAll("'", "")}`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them.
const COLOUR = /\u001b\[[0-9;]*m/g
