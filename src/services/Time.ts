import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"

/**
 * Readings of the runtime's clock for the synchronous parts of a program. Both come from Effect's `Clock`, so they
 * follow a simulated clock without further ado.
 */
export interface Time {
  /** Milliseconds, with fractions, of a clock that never jumps. Compare and subtract; the origin means nothing. */
  readonly monotonic: () => number
  /** Milliseconds since 1970-01-01 UTC, for expiry dates and display alone: people and NTP move it. */
  readonly wall: () => number
}

export const make: Effect.Effect<Time> = Effect.clockWith((clock) =>
  Effect.succeed({
    // The same clock as Effect's own, without its integers of any length: requests ask a dozen times each.
    monotonic: clock === SYSTEM_CLOCK ? () => performance.now() : () => Number(clock.unsafeCurrentTimeNanos()) / 1e6,
    wall: () => clock.unsafeCurrentTimeMillis()
  })
)

const SYSTEM_CLOCK = Context.get(DefaultServices.liveServices, Clock.Clock)
