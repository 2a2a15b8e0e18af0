import * as Effect from "effect/Effect"
import { Terminal } from "../../services/Terminal.js"
import * as Complaint from "../Complaint.js"

/**
 * What the command-line library complains of, as all of our complaints are written. Most of what can be wrong was found
 * before (`Request`): what is left needs the environment and the configuration file.
 *
 * With `Request` and `HelpText` this makes up for what `@effect/cli` of Effect 3 does not do. Effect 4 lays help out by
 * a service of its own (`CliOutput`), and this folder is to be looked at again when we go there.
 */
export const provide = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Terminal> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const console = yield* Effect.console
    return yield* Effect.withConsole(effect, {
      ...console,
      error: (...args) => Complaint.tell(terminal, inOurWords(args.join(" ").replace(COLOUR, "").trim()))
    })
  })

/** The library speaks to programmers ("Expected to find option: '--to'"). What we do not know stays as it is. */
export const inOurWords = (complaint: string): string => {
  const missing = [...complaint.matchAll(/Expected to find option: '(--[a-z-]+)'/g)].map(([, flag]) => flag!)
  return missing.length === 0 ? complaint : `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them.
const COLOUR = /\u001b\[[0-9;]*m/g
