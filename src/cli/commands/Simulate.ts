import * as Args from "@effect/cli/Args"
import * as Either from "effect/Either"
import * as SeedRange from "../simulate/SeedRange.js"
import * as Values from "../Values.js"
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
      help: "With a single seed: which of its planned faults happen (default: all)",
      parse: SeedRange.parseFaults
    }),
    jobs: plain({
      placeholder: "N",
      help: "Processes (default: one for each processor)",
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
    file: Args.text({ name: "SCENARIO" }).pipe(
      Args.withDescription("A module (.js, .mjs or .ts) whose default export is a scenario for parley-chat/sim")
    )
  },
  settings: Either.right
})

export type SimulateSettings = Subcommand.SettingsOf<typeof simulate>
