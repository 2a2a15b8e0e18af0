import process from "node:process"
import * as Effort from "../support/Effort.js"

/**
 * How many seeds a scenario runs with: `count` or, in a quick run, some of them; times `PARLEY_SIM_SWEEP` where the
 * environment says so (`PARLEY_SIM_SWEEP=100 npx vitest run --mode full test/sim/product` is a night's work), from
 * `PARLEY_SIM_FIRST` on.
 */
export const some = (count: number) => {
  const seeds = Math.ceil(Effort.some(count, Math.ceil(count / 20)) * Number(process.env.PARLEY_SIM_SWEEP ?? 1))
  const firstSeed = Number(process.env.PARLEY_SIM_FIRST ?? 1)
  return { seeds, firstSeed, maxTime, twice: TWICE, timeoutMs: Math.max(300_000, seeds * 5_000) }
}

/**
 * One run in ten is repeated to compare traces: a tenth of the time, and every scenario is repeated under several
 * seeds.
 */
const TWICE = 10

/** Virtual ms: no scenario means to take longer, so one that does hangs. */
export const maxTime = 3_600_000
