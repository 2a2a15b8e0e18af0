import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ProgramError } from "../ProgramError.js"

/** What the command asks of the simulated world, which is another package: processes that run somebody's scenario. */
export interface Simulator {
  /** Processes that this machine runs side by side. */
  readonly parallelism: number
  /**
   * Makes a file ready to be loaded. What comes back starts a process with the scenario; it fails when there is none in
   * the file. A process that has been busy with one thing for `patienceMs` is killed, and what it was asked to do
   * fails.
   */
  readonly prepare: (
    file: string,
    patienceMs: number
  ) => Effect.Effect<Effect.Effect<Runner, ProgramError, Scope.Scope>, ProgramError, Scope.Scope>
}

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
  ) => Effect.Effect<Failure | undefined, ProgramError>
  /** Runs one seed, with the given faults of its plan or all of them, and writes down its packets. */
  readonly replay: (seed: number, faults: ReadonlyArray<number> | undefined) => Effect.Effect<Replay, ProgramError>
}

export interface Failure {
  readonly seed: number
  /** Ids of the planned faults that it takes; `undefined` when there was no plan. */
  readonly faults: ReadonlyArray<number> | undefined
  /** What went wrong, in several lines. */
  readonly message: string
}

export interface Replay {
  /** What went wrong, in several lines; `undefined` when nothing did. */
  readonly failure: string | undefined
  readonly virtualMs: number
  /** The last packets. */
  readonly log: ReadonlyArray<string>
  /** Packet log and capture, without their endings. */
  readonly path: string
}
