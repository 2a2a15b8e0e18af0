import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { FileName } from "../domain/FileName.js"

/**
 * The user's own files, as far as they are sent and received. Unlike `Store` this is no place of ours: other programs
 * change what is there at any time, names are the user's, and what we make must never take the place of something that
 * is there.
 *
 * Relative paths start at the program's working directory. An operation that is interrupted is finished all the same.
 *
 * @since 0.1.0
 */
export class Files extends Context.Tag("parley/services/Files")<
  Files,
  {
    /**
     * What is to be sent at `path`: a file (a link to one, too) or a folder with all files and folders below it,
     * in any order, the folder itself (an empty path) among them. What cannot be sent
     * costs nothing but itself, and is named in `skipped`: links inside folders, devices, sockets, what cannot be read,
     * what has no name in UTF-8, what is gone before it was looked at. A file whose size is not what the system says
     * (/proc) is read to its end at once. More than `MAX_ENTRIES` (protocol/FileRecord) entries fail with `TooLarge`, a
     * path that is neither file nor folder with `NotAFile`.
     */
    readonly inspect: (path: string) => Effect.Effect<Found, FilesError>
    /** Reads what `inspect` found, for as long as the scope lives. */
    readonly open: (found: Found) => Effect.Effect<Source, FilesError, Scope.Scope>
    /** A folder that things can be put into. */
    readonly directory: (path: string) => Effect.Effect<Directory, FilesError>
    /**
     * Room for what arrives, in the folder `directory` under the hidden name `.parley-<token>.part`, private to its
     * owner: made when nothing has that name, else what an earlier process left there, cut or filled up (with zeros) to
     * the sizes in `entries`. Closing the scope leaves it there; `commit` and `discard` end it.
     */
    readonly receive: (incoming: Incoming) => Effect.Effect<Landing, FilesError, Scope.Scope>
    /** A file of ours that is removed when the scope closes, or by a later process when this one is killed. */
    readonly spool: Effect.Effect<Spool, FilesError, Scope.Scope>
  }
>() {}

/**
 * A folder that files are received into.
 *
 * @since 0.1.0
 */
export interface Directory {
  /** In full. */
  readonly path: string
  /** Bytes that fit there; `undefined` when the system does not say. */
  readonly free: number | undefined
  /** Whether names that differ only in case, or in the form of their characters, are the same there. */
  readonly folds: boolean
}

/**
 * What lies at a path, as it was when it was looked at.
 *
 * @since 0.1.0
 */
export interface Found {
  /** Absolute. */
  readonly path: string
  /** Of several things that are sent as one folder: where each lies. `path` is the first. */
  readonly sources?: ReadonlyArray<string>
  readonly kind: "file" | "folder"
  /** The last segment of the path. */
  readonly name: string
  readonly entries: ReadonlyArray<FoundEntry>
  /** How many things are not among `entries`, and the first `MAX_NAMED` of them: path and reason, for people. */
  readonly skipped: number
  readonly left: ReadonlyArray<string>
}

/**
 * A file or folder of a source, as it was found.
 *
 * @since 0.1.0
 */
export interface FoundEntry {
  /** Below `Found.path`, segments joined by `/`; for a file its name. */
  readonly path: string
  readonly size: number
  /** Time of the last change in ms, with fractions as far as the system has them. */
  readonly mtimeMs: number
  readonly executable: boolean
  /** A folder, of no bytes. */
  readonly folder?: boolean
  /** The bytes, where they can only be had by reading to the end. */
  readonly held?: Uint8Array
  /** Where it lies in full, where that is not below `Found.path`. */
  readonly at?: string
  /** Named by the user as such, not found in a folder: a link is followed. */
  readonly named?: boolean
}

/**
 * Files that were found, opened for reading.
 *
 * @since 0.1.0
 */
export interface Source {
  /**
   * Exactly `length` bytes from `offset` of the entry with this index on, going on in the entries after it, in memory
   * of their own. Fails with `Changed` when a file is shorter than it was found, or has that size and another time of
   * change, and then says which `entry`. What was added since is not looked at.
   */
  readonly read: (entry: number, offset: number, length: number) => Effect.Effect<Uint8Array, FilesError>
}

/**
 * A transfer on its way to the disk.
 *
 * @since 0.1.0
 */
export interface Incoming {
  readonly directory: string
  /** Lower-case hexadecimal, drawn afresh for each transfer. */
  readonly token: string
  readonly kind: "file" | "folder"
  /** An earlier process may have been killed in the middle of `commit`. */
  readonly committing?: boolean
  /**
   * Paths are safe: relative, no segment empty, `.` or `..`, none twice. Of folders the first may have an empty path:
   * the one that arrives.
   */
  readonly entries: ReadonlyArray<{
    readonly path: string
    readonly size: number
    readonly executable: boolean
    readonly folder?: boolean
    /** Time of the last change in ms; now when left out. */
    readonly mtimeMs?: number
  }>
}

/**
 * What is arriving. One operation at a time. What does not end within an entry goes on in those after it.
 *
 * @since 0.1.0
 */
export interface Landing {
  /** Whether nothing of it was there before: everything reads as zeros. */
  readonly fresh: boolean
  /** With `committing`: it has this name already. */
  readonly stored?: string
  /** May go on after it has succeeded: a later failure comes out of the next operation, of `commit` at the latest. */
  readonly write: (entry: number, offset: number, bytes: Uint8Array) => Effect.Effect<void, FilesError>
  /** What was written, or left there by an earlier process; `length` bytes in memory of their own. */
  readonly read: (entry: number, offset: number, length: number) => Effect.Effect<Uint8Array, FilesError>
  /**
   * Makes it survive a crash, then gives it the name `name`, or `name (2)` and so on where something has that name
   * already: nothing is ever overwritten. With the usual permissions of new files, executable where its entry says so,
   * and the times of the entries as far as the file system takes them. Gives the path.
   */
  readonly commit: (name: FileName) => Effect.Effect<string, FilesError>
  /** Removes it, best effort. */
  readonly discard: Effect.Effect<void>
}

/**
 * A file for a stream whose size is not known yet.
 *
 * @since 0.1.0
 */
export interface Spool {
  /** For `inspect`. */
  readonly path: string
  readonly append: (bytes: Uint8Array) => Effect.Effect<void, FilesError>
}

/**
 * `message` is one line for people and names the path.
 *
 * @since 0.1.0
 */
export class FilesError extends Data.TaggedError("FilesError")<{
  readonly reason: "NotFound" | "NotPermitted" | "NotAFile" | "Full" | "ReadOnly" | "TooLarge" | "Changed" | "Other"
  readonly message: string
  readonly cause?: unknown
  /** Which of the entries that were found it is about. */
  readonly entry?: number
}> {}

/**
 * The parts, each within one entry, of `length` bytes that begin at `offset` of entry `index`; `at` is where a part
 * begins among those bytes.
 */
export function* partsOf(
  entries: ReadonlyArray<{ readonly size: number }>,
  index: number,
  offset: number,
  length: number
): Generator<{ readonly index: number; readonly offset: number; readonly length: number; readonly at: number }> {
  for (let at = 0, from = offset, entry = index; at < length && entry < entries.length; entry++, from = 0) {
    const part = Math.min(length - at, entries[entry]!.size - from)
    if (part > 0) yield { index: entry, offset: from, length: part, at }
    at += Math.max(0, part)
  }
}

/** Things named one by one: what a shell makes of a star in a large folder; more are better sent as their folder. */
export const MAX_PATHS = 4_096

/** Things that are left out of a folder and named; the others are counted. */
export const MAX_NAMED = 5

/** How many numbered names (`name (2)` and so on) `commit` tries: nobody has that many files of one name by intent. */
export const MAX_NUMBER = 1_000
