import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * Runs `program` on a clock that jumps to the next sleeper whenever everything else has come to rest. For programs on
 * memory layers: their work is done in microtasks, so two turns of the event loop without any mean rest.
 */
export const run = async <A, E>(program: Effect.Effect<A, E>): Promise<A> => {
  const clock = new VirtualClock()
  let running = true
  const result = Effect.runPromise(Effect.withClock(program, clock)).finally(() => {
    running = false
  })
  const turns = async () => {
    while (running) {
      await turn()
      await turn()
      clock.advance()
    }
  }
  await Promise.all([result, turns()])
  return result
}

/** Milliseconds: less would be lost beside the date, and whoever waits so long again and again would stop the clock. */
const SHORTEST = 0.001

const turn = () => new Promise<void>((resume) => setTimeout(resume, 0))

class VirtualClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  private now = Date.UTC(2030, 0)
  private readonly sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()

  unsafeCurrentTimeMillis = () => this.now
  unsafeCurrentTimeNanos = () => BigInt(Math.round(this.now * 1e6))
  currentTimeMillis = Effect.sync(() => this.now)
  currentTimeNanos = Effect.sync(() => this.unsafeCurrentTimeNanos())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      const sleeper = {
        at: this.now + Math.max(SHORTEST, Duration.toMillis(duration)),
        wake: () => resume(Effect.void)
      }
      this.sleepers.add(sleeper)
      return Effect.sync(() => this.sleepers.delete(sleeper))
    })
  }

  /** Wakes the next sleeper, and all of the same instant in the order in which they lay down. */
  advance(): void {
    let next = Number.POSITIVE_INFINITY
    for (const { at } of this.sleepers) next = Math.min(next, at)
    if (next === Number.POSITIVE_INFINITY) return
    this.now = Math.max(this.now, next)
    for (const sleeper of [...this.sleepers])
      if (sleeper.at <= this.now && this.sleepers.delete(sleeper)) sleeper.wake()
  }
}
