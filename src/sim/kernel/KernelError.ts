import * as Data from "effect/Data"

/**
 * Every process waits and no timer is left: nothing can ever happen again.
 *
 * @since 0.1.0
 */
export class Deadlock extends Data.TaggedError("Deadlock")<Details & { readonly fibers: ReadonlyArray<string> }> {}

/**
 * Work goes on and on while virtual time stands still.
 *
 * @since 0.1.0
 */
export class LiveLock extends Data.TaggedError("LiveLock")<Details & { readonly fiber: string }> {}

/**
 * The run did not end within `maxTime`.
 *
 * @since 0.1.0
 */
export class TimeLimit extends Data.TaggedError("TimeLimit")<Details & { readonly fibers: ReadonlyArray<string> }> {}

/**
 * The program reached for the real world: a socket, a file, a thread, a real timer. `stack` leads to the line that did.
 *
 * @since 0.1.0
 */
export class RealIo extends Data.TaggedError("RealIo")<Details & { readonly resource: string }> {}

/**
 * The program of a host failed, or a callback of it threw.
 *
 * @since 0.1.0
 */
export class HostFailed extends Data.TaggedError("HostFailed")<Details & { readonly host: string }> {}

/**
 * An invariant that `always` watches does not hold, or what `eventually` waits for did not come.
 *
 * @since 0.1.0
 */
export class PropertyFailed extends Data.TaggedError("PropertyFailed")<Details & { readonly property: string }> {}

/**
 * This JavaScript engine cannot run the loop: microtasks cannot be drained from within it.
 *
 * @since 0.1.0
 */
export class Unsupported extends Data.TaggedError("Unsupported")<Details> {}

/**
 * The run was given up from outside.
 *
 * @since 0.1.0
 */
export class Aborted extends Data.TaggedError("Aborted")<Details> {}

/**
 * How a run can fail beside its own program.
 *
 * @since 0.1.0
 */
export type KernelError = Deadlock | LiveLock | TimeLimit | RealIo | HostFailed | PropertyFailed | Unsupported | Aborted

interface Details {
  readonly message: string
  /** Virtual microseconds since the run began. */
  readonly at: number
  readonly cause?: unknown
}
