import * as Either from "effect/Either"
import * as SeedRange from "../simulate/SeedRange.js"
import * as Values from "../Values.js"
import * as Argument from "./Argument.js"
import { plain } from "./Option.js"
import * as Subcommand from "./Subcommand.js"

export const simulate = Subcommand.make({
  name: "simulate",
  help: "Run a scenario in the simulated world under many seeds until one fails",
  options: {
    seeds: plain({
      placeholder: "FIRST..LAST",
      help: "Seeds to run; a single one is replayed, with its packets written down",
      parse: SeedRange.parse,
      default: "1..1000"
    }),
    faults: plain({
      placeholder: "IDS",
      help: "With a single seed: which of its planned faults happen",
      otherwise: "all",
      parse: SeedRange.parseFaults
    }),
    jobs: plain({
      placeholder: "N",
      help: "Processes",
      otherwise: "one for each processor",
      parse: Values.integer(1, 256)
    }),
    patience: plain({
      placeholder: "SECONDS",
      help: "How long a run may keep its process busy without a pause, as an endless loop does",
      parse: Values.integer(1, 86_400),
      default: "60"
    })
  },
  arguments: {
    file: Argument.one({
      name: "SCENARIO",
      help: "A module (.js, .mjs or .ts) whose default export is a scenario for parley-chat/sim",
      wants: "file"
    })
  },
  examples: ["parley simulate two-friends.ts", "parley simulate two-friends.ts --seeds 17"],
  settings: Either.right
})

export type SimulateSettings = Subcommand.SettingsOf<typeof simulate>
