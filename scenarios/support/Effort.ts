import process from "node:process"

/**
 * Whether everything is tried (`npm run test:full`), or what fits into the minutes that somebody waits (`npm test`). A
 * seed that is replayed by itself is always tried.
 */
export const full: boolean = process.env.PARLEY_FULL === "1" || process.env.PARLEY_SIM_SEED !== undefined

/**
 * How many runs of a property, or seeds of a scenario: `count` when everything is tried, else a twentieth of it, but no
 * less than `least`. Properties draw the same examples each time (`test/support/examples.ts`), as scenarios do with
 * their seeds.
 */
export const some = (count: number, least = 2): number =>
  full ? count : Math.min(count, Math.max(least, Math.ceil(count / 20)))
