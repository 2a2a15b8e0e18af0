import type { Failure, Replay } from "./Simulator.js"

/**
 * What the command and a process with a scenario say to each other. One task at a time, and each ends with one answer.
 */

export type Task =
  /** `module` is JavaScript, `name` what people call it. */
  | { readonly _tag: "Load"; readonly module: string; readonly name: string }
  | { readonly _tag: "Sweep"; readonly first: number; readonly count: number }
  | { readonly _tag: "Replay"; readonly seed: number; readonly faults: ReadonlyArray<number> | undefined }

export type Answer =
  | { readonly _tag: "Loaded" }
  | { readonly _tag: "Swept"; readonly failure: Failure | undefined }
  | { readonly _tag: "Replayed"; readonly replay: Replay }
  /** The task could not be done; one line for people. */
  | { readonly _tag: "Refused"; readonly message: string }

/** Said at intervals by a process that has its event loop under control, whatever it is doing. */
export interface Alive {
  readonly _tag: "Alive"
}

/** Said during a sweep, as runs end. */
export interface Runs {
  readonly _tag: "Runs"
  readonly runs: number
  readonly virtualMs: number
}
