import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricLabel from "effect/MetricLabel"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

/** One number at one time: a level (`gauge`), or what was counted since the start (`counter`). */
export interface Figure {
  readonly kind: "gauge" | "counter"
  /** Of what: words of small letters with `_`, the unit (`bytes`, `seconds`) as the last of them where it has one. */
  readonly name: string
  /** The same for people: a line without its full stop. */
  readonly help: string
  readonly value: number
  /** Of which kind, where one name has several; all of them have the same keys, words as in `name`. */
  readonly labels?: Readonly<Record<string, string>>
}

/** How often what was measured came to at most this much, since the start. */
export interface Histogram {
  /** As in `Figure`. */
  readonly name: string
  readonly help: string
  /** Rising; whatever is above the last of them counts in `count` alone. */
  readonly bounds: ReadonlyArray<number>
  /** For each bound, those of that much or less. */
  readonly below: ReadonlyArray<number>
  readonly count: number
  /** Of all that was measured. */
  readonly sum: number
}

/** A number for each of the kinds, below this label. */
export const byLabel = (
  figure: Omit<Figure, "value" | "labels">,
  label: string,
  values: Readonly<Record<string, number>>
): ReadonlyArray<Figure> =>
  Object.entries(values).map(([kind, value]) => ({ ...figure, value, labels: { [label]: kind } }))

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
  const show = ({ help: description, kind, labels = {}, name, value }: Figure) => {
    const tags = Object.entries(labels).map(([key, of]) => MetricLabel.make(key, of))
    if (kind === "gauge") return Metric.set(Metric.taggedWithLabels(Metric.gauge(name, { description }), tags), value)
    const counter = Metric.counter(name, { description, incremental: true })
    const key = [name, ...tags.map(({ value }) => value)].join(" ")
    const grown = value - (before.get(key) ?? 0)
    before.set(key, value)
    return Metric.incrementBy(Metric.taggedWithLabels(counter, tags), grown)
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
