/** What the history offers to programs. */

export type { Page as HistoryPage, Remembered } from "../../core/history/Recollection.js"

export interface HistoryQuery {
  /** With whom: whoever we talk to, or talked to last, under this nickname. Everybody when left out. */
  readonly peer?: string
  /** Messages at most, 1 to `MAX_LIMIT`; `DEFAULT_LIMIT` when left out. */
  readonly limit?: number
  /** Words that all occur in the text, in whatever case and order; at most `MAX_SEARCH` characters of them. */
  readonly search?: string
  /** Only what is older than this, in ms since 1970 UTC. */
  readonly before?: number
}

/** A screenful. */
export const DEFAULT_LIMIT = 20
/** With messages of the largest size 64 MB, with usual ones less than one. */
export const MAX_LIMIT = 1_000
/** Longer than anybody remembers the words of. */
export const MAX_SEARCH = 256
