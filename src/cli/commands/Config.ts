import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Argument from "./Argument.js"
import { toggle } from "./Option.js"
import { config as configFile } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

const NAME = "config"

/** Tells of the settings of the other commands, of which it takes all as options. */
export const row = (others: ReadonlyArray<Subcommand.Row>): Subcommand.Row => {
  const command = Subcommand.make({
    name: NAME,
    help: "Tell each setting and where it comes from: a flag, the environment, the configuration file or the default",
    options: { json: toggle("Write one JSON object"), config: configFile },
    arguments: {
      command: Argument.optional({
        name: "COMMAND",
        help: "Whose settings; those of all commands without it. Options of it that stand here count as they would there",
        // One word: what `server admin` takes, `server` takes as well.
        wants: others.map(({ surface }) => surface.name).filter((name) => !name.includes(" "))
      })
    },
    examples: ["parley config client", "PARLEY_SERVER=example.org parley config send --nick cron"],
    settings: Either.right
  })
  const load = Effect.promise(() => import("../ConfigProgram.js"))
  const { options, surface, toLibrary } = Subcommand.row(
    command,
    () => Promise.resolve(),
    () => Effect.void
  )
  return {
    options,
    surface: { ...surface, tellsOf: true },
    toLibrary,
    direct: (request, sources) => Effect.flatMap(load, ({ run }) => run(request, sources, others))
  }
}
