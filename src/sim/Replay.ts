import { writeRecording } from "../layers/node/NodeHooks.js"
import type { Report } from "./Run.js"

/** What the environment asks for: one seed instead of many, and perhaps only some of its faults. */
export interface Replay {
  readonly seed: number
  readonly keep: ReadonlySet<number> | undefined
}

/** Reads `PARLEY_SIM_SEED` and `PARLEY_SIM_FAULTS` (ids, separated by commas; `none` for none). */
export const fromEnvironment = (environment: Readonly<Record<string, string | undefined>>): Replay | undefined => {
  const seed = environment.PARLEY_SIM_SEED
  if (seed === undefined || !/^\d{1,10}$/.test(seed)) return undefined
  const faults = environment.PARLEY_SIM_FAULTS
  if (faults === undefined) return { seed: Number(seed), keep: undefined }
  return { seed: Number(seed), keep: new Set(faults === "none" ? [] : faults.split(",").map(Number)) }
}

/** The environment that replays a failure, as a person types it before a command. */
export const toEnvironment = (seed: number, faults: ReadonlyArray<number> | undefined): string =>
  faults === undefined
    ? `PARLEY_SIM_SEED=${seed}`
    : `PARLEY_SIM_SEED=${seed} PARLEY_SIM_FAULTS=${faults.length === 0 ? "none" : faults.join()}`

/** Writes the packet log and the capture of a recorded run. Gives the paths without their endings. */
export const writeArtifacts = (folder: string, name: string, report: Report<unknown, unknown>): string =>
  writeRecording(folder, `${name.replaceAll(/[^A-Za-z0-9]+/g, "-").slice(0, 60)}-${report.seed}`, report)
