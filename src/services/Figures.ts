import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

/** One number at one time: a level (`gauge`), or what was counted since the start (`counter`). */
export interface Figure {
  readonly kind: "gauge" | "counter"
  /** Of what: words of small letters with `_`. */
  readonly name: string
  readonly value: number
  /** Of which kind, where one name has several. */
  readonly label?: { readonly key: string; readonly value: string }
}

/**
 * Shows figures as metrics of Effect for as long as the scope lives: read at once, every `interval`, and once more when
 * the scope closes, so that nothing that happens pays for being counted twice. Counters only grow; where there are
 * several of one name, such as two clients, they add up, and of a gauge the latest counts.
 */
export const publish = (
  read: Effect.Effect<ReadonlyArray<Figure>>,
  interval: Duration.DurationInput
): Effect.Effect<void, never, Scope.Scope> => {
  const before = new Map<string, number>()
  const show = ({ kind, label, name, value }: Figure) => {
    const { key: tag = "", value: kindOf = "" } = label ?? {}
    if (kind === "gauge") {
      const gauge = Metric.gauge(name)
      return Metric.set(label === undefined ? gauge : Metric.tagged(gauge, tag, kindOf), value)
    }
    const counter = Metric.counter(name, { incremental: true })
    const key = `${name} ${kindOf}`
    const grown = value - (before.get(key) ?? 0)
    before.set(key, value)
    return Metric.incrementBy(label === undefined ? counter : Metric.tagged(counter, tag, kindOf), grown)
  }
  const update = Effect.flatMap(read, (figures) => Effect.forEach(figures, show, { discard: true }))
  return Effect.addFinalizer(() => update).pipe(
    Effect.zipRight(update),
    Effect.zipRight(Effect.forkScoped(Effect.schedule(update, Schedule.spaced(interval)))),
    Effect.asVoid
  )
}

/** Often enough for a graph, and nothing to the processor. */
export const INTERVAL = Duration.seconds(10)
