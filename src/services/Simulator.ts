import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Failure, Replay } from "../protocol/Simulation.js"

/** Processes that run somebody's scenario: the simulated world is loaded by them, never by the program that asks. */
export class Simulator extends Context.Tag("parley/services/Simulator")<
  Simulator,
  {
    /** Processes that this machine runs side by side. */
    readonly parallelism: number
    /**
     * Makes a file ready to be loaded. What comes back starts a process with the scenario; it fails when there is none
     * in the file. A process that has been busy with one thing for `patienceMs` is killed, and what it was asked to do
     * fails.
     */
    readonly prepare: (
      file: string,
      patienceMs: number
    ) => Effect.Effect<Effect.Effect<Runner, SimulatorError, Scope.Scope>, SimulatorError, Scope.Scope>
  }
>() {}

/** `message` is one line for people: there is no such file or no scenario in it, or a process died or never ends. */
export class SimulatorError extends Data.TaggedError("SimulatorError")<{ readonly message: string }> {}

/** One process with a scenario. It does one thing at a time. */
export interface Runner {
  /**
   * Runs `count` seeds from `first` on, up to the first failure, which comes back shrunk. `onRuns` hears of runs as
   * they end.
   */
  readonly sweep: (
    first: number,
    count: number,
    onRuns: (runs: number, virtualMs: number) => void
  ) => Effect.Effect<Failure | undefined, SimulatorError>
  /** Runs one seed, with the given faults of its plan or all of them, and writes down its packets. */
  readonly replay: (seed: number, faults: ReadonlyArray<number> | undefined) => Effect.Effect<Replay, SimulatorError>
}
