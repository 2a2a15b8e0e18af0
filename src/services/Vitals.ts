import * as Context from "effect/Context"
import type { Histogram } from "./Figures.js"

/** How this process is, for those who look after it. Measured for as long as the scope of the layer lives. */
export class Vitals extends Context.Tag("parley/services/Vitals")<Vitals, { readonly read: () => VitalSigns }>() {}

export interface VitalSigns {
  /** ms since 1970 UTC. */
  readonly startedAt: number
  /** Of the processor, since the start, all threads together. */
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapBytes: number
  /** What runs it, such as `v20.19.0`. */
  readonly runtime: string
  /** By how much timers come late, in seconds: as long waits whatever arrives. */
  readonly delay: Omit<Histogram, "name" | "help">
}
