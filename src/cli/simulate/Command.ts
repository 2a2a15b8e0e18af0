import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as CliOptions from "@effect/cli/Options"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { plain } from "../Setting.js"
import * as Values from "../Values.js"
import type { SimulateSettings } from "./Program.js"
import * as SeedRange from "./SeedRange.js"

/** `parley simulate SCENARIO`. Its options are for one run, so they come from the command line alone. */
export const make = <E, R>(run: (settings: SimulateSettings) => Effect.Effect<void, E, R>) =>
  Command.make("simulate", { file, seeds, faults, jobs, patience }, (settings) =>
    run({
      ...settings,
      faults: Option.getOrUndefined(settings.faults),
      jobs: Option.getOrUndefined(settings.jobs)
    })
  ).pipe(Command.withDescription("Run a scenario in the simulated world under many seeds until one fails"))

const file = Args.text({ name: "SCENARIO" }).pipe(
  Args.withDescription("A module (.js, .mjs or .ts) whose default export is a scenario for parley/sim")
)

const seeds = plain(
  "seeds",
  "FIRST..LAST",
  "Seeds to run; a single one is replayed, with its packets written down (default: 1..1000)",
  SeedRange.parse
).pipe(CliOptions.withDefault({ first: 1, last: 1_000 }))

const faults = plain(
  "faults",
  "IDS",
  "With a single seed: which of its planned faults happen (default: all)",
  SeedRange.parseFaults
).pipe(CliOptions.optional)

const jobs = plain("jobs", "N", "Processes (default: one for each processor)", Values.integer(1, 256)).pipe(
  CliOptions.optional
)

const patience = plain(
  "patience",
  "SECONDS",
  "How long a run may keep its process busy without a pause, as an endless loop does (default: 60)",
  Values.integer(1, 86_400)
).pipe(CliOptions.withDefault(60))
