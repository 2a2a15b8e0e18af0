import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import { perfect } from "./network/Conditions.js"
import { type RunOptions, run, type Scenario } from "./Run.js"

/**
 * Runs a program to its end in a simulated world where nothing goes wrong, once: servers, clients and bots in memory,
 * on a clock that jumps to whatever comes next. `layer` makes a machine for each of them. Rejects as
 * `Effect.runPromise` does when the program fails, and when nothing can ever happen again.
 *
 * @since 0.1.0
 */
export const inMemory = async <A, E>(program: Scenario<A, E>, options: Partial<RunOptions> = {}): Promise<A> => {
  const { exit } = await run({ seed: 1, link: { ...perfect, latencyMs: LATENCY_MS }, ...options }, program)
  if (Exit.isSuccess(exit)) return exit.value
  throw Runtime.makeFiberFailure(exit.cause)
}

/** One way through a switch. Time must pass on the way, or two programs that answer each other would stop the clock. */
const LATENCY_MS = 0.1
