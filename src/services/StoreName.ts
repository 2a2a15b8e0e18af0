import { StoreError } from "./Store.js"

/** 64 MiB: holds the journal of years of chat, and can still be read in one piece. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024

const MAX_SEGMENTS = 8

/** The segments of a `Store` name; `undefined` when the name breaks the rules. */
export const parse = (name: string): ReadonlyArray<string> | undefined => {
  const segments = name.split("/", MAX_SEGMENTS + 1)
  return segments.length <= MAX_SEGMENTS && segments.every(isSegment) ? segments : undefined
}

/** Whether a file may have this name inside its folder. `Store` does not see files of other names (temporary ones). */
export const isSegment = (segment: string): boolean =>
  /^[A-Za-z0-9._-]{1,128}$/.test(segment) && segment !== "." && segment !== ".."

export const badName = (name: string): StoreError =>
  new StoreError({ reason: "BadName", message: `${JSON.stringify(name.slice(0, 64))} is no name for a stored file` })

/** `doing` reads like `write identity`. */
export const tooLarge = (doing: string): StoreError =>
  new StoreError({ reason: "TooLarge", message: `cannot ${doing}: a file may have 64 MiB at most` })
