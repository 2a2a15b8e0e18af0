import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

/**
 * A small private folder: identity, contacts, journals. Names are relative paths of at most 8 segments matching
 * `[A-Za-z0-9._-]{1,128}`, none of them `.` or `..`; anything else fails with `BadName`. Files are readable by their
 * owner alone.
 *
 * @since 0.1.0
 */
export class Store extends Context.Tag("parley/services/Store")<
  Store,
  {
    /** Where the folder is, for messages to people. */
    readonly location: string
    /** The whole file, or none. A file over 64 MiB fails with `TooLarge`, and so does whatever would make one. */
    readonly read: (name: string) => Effect.Effect<Option.Option<Uint8Array>, StoreError>
    /**
     * `read` for a file that makes whoever has it somebody's equal. Fails with `Exposed` when another user of the
     * machine could have read or replaced it, or could do so with what would be written in its place; `message` says
     * what to type.
     */
    readonly readSecret: (name: string) => Effect.Effect<Option.Option<Uint8Array>, StoreError>
    /**
     * Replaces the file: after success it survives a crash; after a crash in between, the old or the new content is
     * there whole. Writes and removals take effect in the order of the calls.
     */
    readonly write: (name: string, content: Uint8Array) => Effect.Effect<void, StoreError>
    /**
     * Opens a file for appending, creating it when missing, for as long as the scope lives. `write` and `remove` of the
     * same name leave an open journal with the old file: close it first.
     */
    readonly journal: (name: string) => Effect.Effect<Journal, StoreError, Scope.Scope>
    /** Removes the file; no error when there is none. */
    readonly remove: (name: string) => Effect.Effect<void, StoreError>
    /**
     * Names, as `read` takes them, of all files below `folder` at any depth, in the order of their characters; `""` is
     * the whole store. Empty when there is no such folder. Over 100,000 files fail with `TooLarge`.
     */
    readonly list: (folder: string) => Effect.Effect<ReadonlyArray<string>, StoreError>
    /**
     * Holds an exclusive lock for as long as the scope lives; fails with `Locked` at once when another living process,
     * or another part of this one, holds it. A lock left by a process that died is taken over: at once on the same
     * machine, and after 20 s without a sign of life where that process may have run on another machine or in another
     * container that shares the store. A process that only stood still, and wakes up to find its lock taken over, gets
     * `Locked` from `write`, `remove` and `append` from then on. Locks are no files: they neither show in `list` nor
     * clash with a file of that name.
     */
    readonly lock: (name: string) => Effect.Effect<void, StoreError, Scope.Scope>
  }
>() {}

/**
 * A file that is only appended to.
 *
 * @since 0.1.0
 */
export interface Journal {
  /**
   * Appends within the call; the error when that failed, and then nothing is left behind. What was appended survives
   * the end of the process; a loss of power takes it unless `sync` succeeded afterwards, and may leave a torn tail. The
   * bytes are the caller's again afterwards.
   */
  readonly append: (bytes: Uint8Array) => StoreError | undefined
  /** After success everything appended so far survives a crash. */
  readonly sync: Effect.Effect<void, StoreError>
}

/**
 * Why a file of the store cannot be read or written.
 *
 * @since 0.1.0
 */
export class StoreError extends Data.TaggedError("StoreError")<{
  readonly reason: "BadName" | "NotPermitted" | "Full" | "ReadOnly" | "TooLarge" | "Locked" | "Exposed" | "Other"
  readonly message: string
  readonly cause?: unknown
}> {}
