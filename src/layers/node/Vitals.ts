import { performance } from "node:perf_hooks"
import process from "node:process"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Vitals } from "../../services/Vitals.js"

/**
 * Of this process. `node:perf_hooks` measures the delay of the event loop too, but tells quantiles of all the time
 * since it began: counts below fixed bounds give those of any time, to whoever asks however often.
 */
export const layer: Layer.Layer<Vitals> = Layer.scoped(
  Vitals,
  Effect.gen(function* () {
    const below = BOUNDS.map(() => 0)
    const delay = { bounds: BOUNDS, below, count: 0, sum: 0 }
    let due = performance.now() + EVERY_MS
    const measure = () => {
      const now = performance.now()
      const late = Math.max(0, now - due) / 1000
      due = now + EVERY_MS
      delay.count++
      delay.sum += late
      for (let at = BOUNDS.length - 1; at >= 0 && late <= BOUNDS[at]!; at--) below[at]!++
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => setInterval(measure, EVERY_MS).unref()),
      (timer) => Effect.sync(() => clearInterval(timer))
    )
    return {
      read: () => {
        const { heapUsed, rss } = process.memoryUsage()
        const { system, user } = process.cpuUsage()
        return {
          startedAt: performance.timeOrigin,
          cpuSeconds: (system + user) / 1e6,
          residentBytes: rss,
          heapBytes: heapUsed,
          runtime: process.version,
          delay: { ...delay, below: [...below] }
        }
      }
    }
  })
)

/** ms; 20 looks at the clock a second. */
const EVERY_MS = 50

/** Seconds. A timer is late by up to 1 ms always. */
const BOUNDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]
