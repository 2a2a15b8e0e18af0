/**
 * The messages between `parley simulate` and a process that runs scenarios. There is one task at a time, and each ends
 * with one answer.
 */

export type Task =
  /** `module` is the URL of a file of JavaScript, `name` how it is called in texts for people. */
  | { readonly _tag: "Load"; readonly module: string; readonly name: string }
  | { readonly _tag: "Sweep"; readonly first: number; readonly count: number }
  | { readonly _tag: "Replay"; readonly seed: number; readonly faults: ReadonlyArray<number> | undefined }

export type Answer =
  | { readonly _tag: "Loaded" }
  | { readonly _tag: "Swept"; readonly failure: Failure | undefined }
  | { readonly _tag: "Replayed"; readonly replay: Replay }
  /** The task could not be done; one line for people. */
  | { readonly _tag: "Refused"; readonly message: string }

/** Sent at intervals by a process as long as its event loop turns, whatever it is doing. */
export interface Alive {
  readonly _tag: "Alive"
}

/** Sent during a sweep, as runs end. */
export interface Runs {
  readonly _tag: "Runs"
  readonly runs: number
  readonly virtualMs: number
}

export interface Failure {
  readonly seed: number
  /** Ids of the planned faults without which it does not fail; `undefined` when there was no plan. */
  readonly faults: ReadonlyArray<number> | undefined
  /** What went wrong, in several lines. */
  readonly message: string
}

export interface Replay {
  /** What went wrong, in several lines; `undefined` when nothing did. */
  readonly failure: string | undefined
  readonly virtualMs: number
  /** The last packets, as text. */
  readonly log: ReadonlyArray<string>
  /** Paths of the packet log and of the capture, without their endings. */
  readonly path: string
}
