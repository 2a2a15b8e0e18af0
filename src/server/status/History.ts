import type { VitalSigns } from "../../services/Vitals.js"
import type { ServerStats } from "../Counters.js"
import { COLUMNS, type Column, MAX_ROWS, type Row } from "./Sheet.js"

/** What there was in the last minutes, a row for each look at it. */
export class History {
  readonly #rows: Array<Row> = []
  #before: VitalSigns["delay"] | undefined

  /** `now`: ms since 1970 UTC. */
  look(now: number, stats: ServerStats, { cpuSeconds, delay, residentBytes }: VitalSigns): void {
    const { bytes = 0, channels = 0, congested = 0, limited = 0, unknown = 0 } = stats.relay ?? {}
    const row: Record<Column, number> = {
      at: now,
      registered: stats.registered,
      connections: stats.connections,
      held: stats.names - stats.live,
      registrationsTotal: stats.registrations,
      introductionsTotal: stats.introductions,
      relayPairs: channels,
      relayBytesTotal: bytes,
      relayDroppedTotal: limited + congested + unknown,
      turnedAwayTotal: Object.values(stats.refusals).reduce((sum, count) => sum + count, 0),
      waiting: stats.waiting.turn,
      delay: Math.round(1000 * quantile(0.99, delay, this.#before)),
      cpuTotal: Math.round(1000 * cpuSeconds) / 1000,
      memory: residentBytes
    }
    this.#rows.push(COLUMNS.map((column) => row[column]))
    if (this.#rows.length > MAX_ROWS) this.#rows.shift()
    this.#before = delay
  }

  /** Oldest first. */
  get rows(): ReadonlyArray<Row> {
    return this.#rows
  }
}

type Delay = VitalSigns["delay"]

/**
 * What so many of the values since `before` are at most: between the bounds as if they lay evenly there, and the last
 * bound for what is beyond it. 0 when there are none.
 */
export const quantile = (share: number, { below, bounds, count }: Delay, before?: Delay): number => {
  const fresh = (at: number) => (below[at] ?? 0) - (before?.below[at] ?? 0)
  const wanted = share * (count - (before?.count ?? 0))
  if (wanted <= 0) return 0
  const at = bounds.findIndex((_, at) => fresh(at) >= wanted)
  if (at === -1) return bounds.at(-1) ?? 0
  const [from, seen] = at === 0 ? [0, 0] : [bounds[at - 1]!, fresh(at - 1)]
  return from + ((bounds[at]! - from) * (wanted - seen)) / (fresh(at) - seen)
}
