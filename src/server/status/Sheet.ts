/** What the status page reads, as JSON: how the server is, and was in the last minutes. */
export interface Sheet {
  readonly version: string
  /** ms since 1970 UTC. */
  readonly startedAt: number
  /** Why no client should be sent here now; absent when one may. */
  readonly unready?: string
  /** One after the other, oldest first; each holds what `COLUMNS` says. */
  readonly rows: ReadonlyArray<Row>
  /** Counts since the start, by kind. */
  readonly totals: Readonly<Record<Total, Readonly<Record<string, number>>>>
}

export type Total = "conversations" | "refusals" | "errors" | "endings"

export type Row = ReadonlyArray<number>

/** ms between two rows. */
export const EVERY_MS = 2_000

/** Rows that are kept: ten minutes. */
export const MAX_ROWS = 300

/**
 * Of a row: when it was, and what there was then; what is called `…Total` counts since the start. `delay` is what 99
 * of 100 timers since the row before came late by at most, as far as the bounds tell, in ms; `cpuTotal` seconds,
 * `memory` bytes.
 */
export const COLUMNS = [
  "at",
  "registered",
  "connections",
  "held",
  "registrationsTotal",
  "introductionsTotal",
  "relayPairs",
  "relayBytesTotal",
  "relayDroppedTotal",
  "turnedAwayTotal",
  "waiting",
  "delay",
  "cpuTotal",
  "memory"
] as const

export type Column = (typeof COLUMNS)[number]
