import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { YieldWrap } from "effect/Utils"
import * as Replay from "./Replay.js"
import { run, type Scenario } from "./Run.js"
import { optionsFor, type SeedsOptions, sweep } from "./Seeds.js"
import type { Sim } from "./Sim.js"

/**
 * How many worlds a test runs its scenario in, and how long it may take.
 *
 * @since 0.1.0
 */
export interface SimTestOptions extends SeedsOptions {
  /** Real ms that the test runner grants the whole sweep; 120,000 when left out. */
  readonly timeoutMs?: number
}

/**
 * A scenario as a generator, like the argument of `Effect.gen`.
 *
 * @since 0.1.0
 */
export type Body = () => Generator<YieldWrap<Effect.Effect<unknown, unknown, Sim | Scope.Scope>>, unknown, never>

/**
 * Runs a scenario under many seeds and throws an error that says how to see the failure again. With `PARLEY_SIM_SEED`
 * in the environment it runs that seed alone, recorded: the packet log and a capture go to the folder `.sim`.
 *
 * @since 0.1.0
 */
export const check = async <A, E>(name: string, options: SeedsOptions, scenario: Scenario<A, E>): Promise<void> => {
  const replay = Replay.fromEnvironment(process.env)
  if (replay === undefined) {
    const { failure } = await sweep(options, scenario)
    if (failure === undefined) return
    const command = `${Replay.toEnvironment(failure.seed, failure.faults)} npx vitest run -t ${JSON.stringify(name)}`
    throw new SimulationFailed(`${name}: ${failure.message}\nreplay: ${command}`)
  }
  const keep = replay.keep === undefined ? {} : { keep: replay.keep }
  const report = await run({ ...optionsFor(options, replay.seed), ...keep, record: true }, scenario)
  const path = Replay.writeArtifacts(FOLDER, name, report)
  if (Exit.isSuccess(report.exit)) return
  const at = (report.virtualMs / 1000).toFixed(3)
  const last = report.log.slice(-LAST_LINES).map((line) => `  ${line}`)
  throw new SimulationFailed(
    [
      `${name}: seed ${replay.seed} failed after ${at} virtual s (trace ${report.hash})`,
      Cause.pretty(report.exit.cause, { renderErrorCause: true }),
      `the last packets (all of them in ${path}.log, and in ${path}.pcap for Wireshark):`,
      ...last
    ].join("\n")
  )
}

/**
 * Makes `simTest(name, options, function* () {...})` for a test runner, which is asked to run `body` as a test of that
 * name.
 *
 * @since 0.1.0
 */
export const makeSimTest =
  (test: (name: string, body: () => Promise<void>, timeoutMs: number) => void) =>
  (name: string, options: SimTestOptions, scenario: Body): void =>
    test(
      name,
      () => check(name, options, Effect.gen(scenario) as Scenario<unknown, unknown>),
      options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    )

/**
 * A scenario failed under some seed; the message is all that a person needs.
 *
 * @since 0.1.0
 */
export class SimulationFailed extends Error {
  override readonly name = "SimulationFailed"
}

/** Where replays leave their files, below the current directory. */
const FOLDER = ".sim"

/** What fits on a screen beside the cause. */
const LAST_LINES = 20

const DEFAULT_TIMEOUT_MS = 120_000
