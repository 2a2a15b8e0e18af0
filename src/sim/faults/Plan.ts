import type { Fault } from "./Fault.js"

/**
 * A fault with a time: what a swarm draws, a shrinker cuts down, and a person may write by hand.
 *
 * @since 0.1.0
 */
export interface PlannedFault {
  /** Names it in a report, and to whoever wants it left out. */
  readonly id: number
  /** Virtual ms from the start of the plan. */
  readonly atMs: number
  readonly forMs: number
  readonly fault: Fault
}

/**
 * The faults of one run, in any order.
 *
 * @since 0.1.0
 */
export type Plan = ReadonlyArray<PlannedFault>

/** One line for people. */
export const describe = ({ id, atMs, forMs, fault }: PlannedFault): string => {
  const { kind, ...rest } = fault
  const details = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  return `#${id} ${seconds(atMs)} to ${seconds(atMs + forMs)}: ${kind} ${details.join(" ")}`.trimEnd()
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`
