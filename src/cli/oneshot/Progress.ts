import * as Effect from "effect/Effect"
import type { Transfer } from "../../core/client/Transfer.js"
import { Terminal } from "../../services/Terminal.js"
import * as Time from "../../services/Time.js"
import * as Bar from "../files/Bar.js"

/** One line on standard error that is drawn over and over, where standard error is a screen. */
export interface Progress {
  readonly draw: (transfer: Transfer) => Effect.Effect<void>
  readonly clear: Effect.Effect<void>
}

export const make: Effect.Effect<Progress, never, Terminal> = Effect.gen(function* () {
  const { drawStatus, errorIsTty, size } = yield* Terminal
  const { monotonic } = yield* Time.make
  let drawnAt = Number.NEGATIVE_INFINITY
  let drawn = false
  return {
    draw: (transfer) =>
      Effect.suspend(() => {
        const now = monotonic()
        if (!errorIsTty || !Bar.isRunning(transfer) || now - drawnAt < REDRAW) return Effect.void
        drawnAt = now
        drawn = true
        // One cell is left free: a line that is quite full would wrap on some terminals.
        return drawStatus(Bar.line(transfer, Bar.label(transfer), size().columns - 1))
      }),
    clear: Effect.suspend(() => {
      if (!drawn) return Effect.void
      drawn = false
      return drawStatus("")
    })
  }
})

/** Milliseconds between two drawings: often enough to see it move. */
const REDRAW = 200
