import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { describe } from "./faults/Plan.js"
import { shrink } from "./faults/Shrink.js"
import { type Report, type RunOptions, run, type Scenario } from "./Run.js"

/**
 * How many worlds a scenario is run in, and which.
 *
 * @since 0.1.0
 */
export interface SeedsOptions extends Omit<RunOptions, "seed" | "order" | "keep" | "record"> {
  /** How many seeds; 100 when left out. */
  readonly seeds?: number
  /** The first one; 1 when left out. */
  readonly firstSeed?: number
  /** The order of steps; both in turn when left out (even seeds in Effect's own order, odd ones at random). */
  readonly order?: "fifo" | "random"
  /**
   * One seed in so many, the first one among them, is run twice to see that nothing but the seed decides; 50 when left
   * out, 1 for all of them, 0 for none.
   */
  readonly twice?: number
  /** Told of each run, for a progress bar. */
  readonly onRun?: (report: Report<unknown, unknown>) => void
}

/**
 * What many runs of one scenario came to.
 *
 * @since 0.1.0
 */
export interface Sweep {
  readonly runs: number
  readonly virtualMs: number
  readonly realMs: number
  /** Hash over the hashes of all runs: pin it, and any change of behaviour shows. */
  readonly hash: string
  /** The first failing seed. */
  readonly failure: Failure | undefined
}

/**
 * A seed that failed, and how.
 *
 * @since 0.1.0
 */
export interface Failure {
  readonly seed: number
  readonly report: Report<unknown, unknown>
  /** Ids of the planned faults that it takes, after leaving out what can be; `undefined` when there was no plan. */
  readonly faults: ReadonlyArray<number> | undefined
  /** What went wrong, for people: seed, time, hash, faults and cause. */
  readonly message: string
}

/**
 * Runs a scenario with one seed after the other until one fails; then looks for the fewest faults with which it still
 * does.
 *
 * @since 0.1.0
 */
export const sweep = async <A, E>(options: SeedsOptions, scenario: Scenario<A, E>): Promise<Sweep> => {
  const { seeds = 100, firstSeed = 1, twice = 50 } = options
  let runs = 0
  let virtualMs = 0
  let realMs = 0
  let lanes = ""
  let failure: Failure | undefined
  for (let seed = firstSeed; seed < firstSeed + seeds && failure === undefined; seed++) {
    const report = await run(optionsFor(options, seed), scenario)
    runs++
    virtualMs += report.virtualMs
    realMs += report.realMs
    lanes = combine(lanes, report.hash)
    options.onRun?.(report)
    if (options.signal?.aborted === true) break
    if (Exit.isFailure(report.exit)) failure = await explain(options, scenario, report)
    else if (twice > 0 && (seed - firstSeed) % twice === 0) failure = await repeat(options, scenario, report)
  }
  return { runs, virtualMs, realMs, hash: lanes, failure }
}

/** The options of one run of a sweep. */
export const optionsFor = (options: SeedsOptions, seed: number): RunOptions => ({
  ...options,
  seed,
  order: options.order ?? (seed % 2 === 0 ? "fifo" : "random")
})

/**
 * Whether a run ended as one that failed counts: by a failure of the world or the scenario, not because it was given
 * up.
 */
const failed = (report: Report<unknown, unknown>): boolean => Exit.isFailure(report.exit)

const explain = async <A, E>(
  options: SeedsOptions,
  scenario: Scenario<A, E>,
  first: Report<A, E>
): Promise<Failure> => {
  const base = optionsFor(options, first.seed)
  const ids = first.plan.map(({ id }) => id)
  const faults = first.plan.length === 0 ? undefined : await shrink(ids, async (keep) => failed(await again(keep)))
  function again(keep: ReadonlyArray<number>) {
    return run({ ...base, keep: new Set(keep) }, scenario)
  }
  const report = faults === undefined || faults.length === ids.length ? first : await again(faults)
  return { seed: first.seed, report, faults, message: describeFailure(base, report, ids.length) }
}

const describeFailure = (options: RunOptions, report: Report<unknown, unknown>, planned: number): string => {
  const at = (report.virtualMs / 1000).toFixed(3)
  const lines = [`seed ${report.seed} failed after ${at} virtual s (trace ${report.hash}, ${options.order} order)`]
  if (planned > 0) {
    lines.push(
      `faults needed, ${report.plan.length} of ${planned}:`,
      ...report.plan.map((each) => `  ${describe(each)}`)
    )
  }
  if (Exit.isFailure(report.exit)) lines.push(Cause.pretty(report.exit.cause, { renderErrorCause: true }))
  return lines.join("\n")
}

/** Runs a seed again: anything but the same hash means that something else than the seed decides. */
const repeat = async <A, E>(
  options: SeedsOptions,
  scenario: Scenario<A, E>,
  first: Report<A, E>
): Promise<Failure | undefined> => {
  const base = optionsFor(options, first.seed)
  const second = await run(base, scenario)
  if (second.hash === first.hash) return undefined
  const [a, b] = [await run({ ...base, record: true }, scenario), await run({ ...base, record: true }, scenario)]
  const at = a.log.findIndex((line, index) => line !== b.log[index])
  const message = [
    `seed ${first.seed} is not deterministic: traces ${first.hash} and ${second.hash} from one seed`,
    ...(at < 0 ? [] : [`the first packet that differs:`, `  ${a.log[at]}`, `  ${b.log[at] ?? "(nothing)"}`]),
    "look for state that outlives a run, iteration over sets of objects, and time or randomness from outside"
  ].join("\n")
  return { seed: first.seed, report: second, faults: undefined, message }
}

/** Chains hashes of 16 digits. */
const combine = (before: string, hash: string): string => {
  if (before === "") return hash
  let out = ""
  for (let at = 0; at < 16; at += 8) {
    const a = Number.parseInt(before.slice(at, at + 8), 16)
    const b = Number.parseInt(hash.slice(at, at + 8), 16)
    out += (Math.imul(a ^ b, 0x85ebca6b) >>> 0).toString(16).padStart(8, "0")
  }
  return out
}
