import { performance } from "node:perf_hooks"
import * as Effect from "effect/Effect"

/** How often a screen is drawn, and how the event loop comes to read keys while the program is busy. */
export const pace = (): { readonly nextFrame: Effect.Effect<void>; readonly breathe: Effect.Effect<void> } => {
  /** When the last frame was. */
  let drawn = Number.NEGATIVE_INFINITY
  /** Since when the event loop has stood still, as far as somebody has looked. */
  let busy: number | undefined
  const free = () => {
    busy = undefined
  }
  return {
    nextFrame: Effect.async<void>((resume) => {
      const begin = () => {
        drawn = performance.now()
        resume(Effect.void)
      }
      const wait = drawn + FRAME - performance.now()
      if (wait > 0) setTimeout(() => setImmediate(begin), wait)
      else afterInput(begin)
    }),
    breathe: Effect.suspend(() => {
      const now = performance.now()
      if (busy === undefined) {
        busy = now
        setImmediate(free)
      }
      return now - busy < BUSY ? Effect.void : input
    })
  }
}

/** Immediates run after the loop has read what has arrived, but for the first, which may run before. */
const afterInput = (then: () => void): void => {
  setImmediate(() => setImmediate(then))
}

const input = Effect.async<void>((resume) => {
  afterInput(() => resume(Effect.void))
})

/** ms between two frames: as often as most screens show a picture. */
const FRAME = 16
/** ms of work for which a key may wait: nobody feels it, and it is far more than a turn of the loop costs. */
const BUSY = 1
