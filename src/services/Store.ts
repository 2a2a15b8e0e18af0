import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

/**
 * A small private folder: identity, pins, journals. Names are relative paths of at most 8 segments matching
 * `[A-Za-z0-9._-]{1,128}`, none of them `.` or `..`; anything else fails with `BadName`. Files are readable by their owner alone.
 */
export class Store extends Context.Tag("parley/services/Store")<
  Store,
  {
    /** Where the folder is, for messages to people. */
    readonly location: string
    /** The whole file, or none. Files over 64 MiB fail with `TooLarge`. */
    readonly read: (name: string) => Effect.Effect<Option.Option<Uint8Array>, StoreError>
    /** Replaces the file: after success it survives a crash; after a crash in between, the old or the new content is there whole. */
    readonly write: (name: string, content: Uint8Array) => Effect.Effect<void, StoreError>
    /**
     * Opens a file for appending, creating it when missing, for as long as the scope lives.
     */
    readonly journal: (name: string) => Effect.Effect<Journal, StoreError, Scope.Scope>
    /** Removes the file; no error when there is none. */
    readonly remove: (name: string) => Effect.Effect<void, StoreError>
    /** Names of the files below `folder`, sorted; empty when there is no such folder. */
    readonly list: (folder: string) => Effect.Effect<ReadonlyArray<string>, StoreError>
    /**
     * Holds an exclusive lock for as long as the scope lives; fails with `Locked` at once when another living process holds
     * it. A lock left by a process that died is taken over.
     */
    readonly lock: (name: string) => Effect.Effect<void, StoreError, Scope.Scope>
  }
>() {}

export interface Journal {
  /** Appends in order. Lost in a crash unless `sync` succeeded afterwards; a crash may leave a torn tail. */
  readonly append: (bytes: Uint8Array) => Effect.Effect<void, StoreError>
  /** After success everything appended so far survives a crash. */
  readonly sync: Effect.Effect<void, StoreError>
}

export class StoreError extends Data.TaggedError("StoreError")<{
  readonly reason: "BadName" | "NotPermitted" | "Full" | "ReadOnly" | "TooLarge" | "Locked" | "Other"
  readonly message: string
  readonly cause?: unknown
}> {}
