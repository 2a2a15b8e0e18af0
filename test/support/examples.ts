import process from "node:process"
import * as fc from "fast-check"

/**
 * Which examples the properties draw: the same ones in each run, so that a red run is about what was changed since the
 * last green one. `PARLEY_SEED=random` draws others (fast-check prints the seed of a failure), and `PARLEY_SEED=N`
 * draws those of seed N again.
 */
const SEED = 20_261_128

const asked = process.env.PARLEY_SEED ?? String(SEED)
if (asked !== "random") {
  const seed = Number(asked)
  if (!Number.isSafeInteger(seed)) throw new Error(`PARLEY_SEED is a whole number or "random", not ${asked}`)
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })
}
