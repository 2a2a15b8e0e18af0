import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as MetricState from "effect/MetricState"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { type Figure, publish } from "../../src/services/Figures.js"

const help = "Of this test"

/** What the registry of metrics has under names that begin so, by name and tag. */
const shown = (prefix: string) =>
  Object.fromEntries(
    Metric.unsafeSnapshot()
      .filter(({ metricKey: { name } }) => name.startsWith(prefix))
      .map(({ metricKey: { name, tags }, metricState }) => {
        const value = MetricState.isCounterState(metricState)
          ? Number(metricState.count)
          : (metricState as MetricState.MetricState.Gauge<number>).value
        return [[name, ...tags.map((tag) => tag.value)].join(" "), value]
      })
  )

describe("figures", () => {
  it.effect("are read at once, after each interval, and when the scope closes", () =>
    Effect.gen(function* () {
      let level = 3
      let count = 5
      const read = Effect.sync(
        (): ReadonlyArray<Figure> => [
          { kind: "gauge", name: "figures_test_level", help, value: level },
          { kind: "counter", name: "figures_test_count", help, value: count, labels: { why: "a" } },
          { kind: "counter", name: "figures_test_count", help, value: 1, labels: { why: "b" } }
        ]
      )
      const scope = yield* Scope.make()
      yield* Scope.extend(publish(read, "10 seconds"), scope)
      const all = (level: number, a: number) => ({
        figures_test_level: level,
        "figures_test_count a": a,
        "figures_test_count b": 1
      })
      expect(shown("figures_test")).toEqual(all(3, 5))
      level = 1
      count = 9
      expect(shown("figures_test")).toEqual(all(3, 5))
      yield* TestClock.adjust("10 seconds")
      expect(shown("figures_test")).toEqual(all(1, 9))
      count = 10
      yield* Scope.close(scope, Exit.void)
      expect(shown("figures_test")).toEqual(all(1, 10))
      count = 20
      yield* TestClock.adjust("1 minute")
      expect(shown("figures_test")).toEqual(all(1, 10))
    })
  )

  it.scoped("of several under one name add up", () =>
    Effect.gen(function* () {
      const read = Effect.succeed([{ kind: "counter" as const, name: "figures_sum", help, value: 4 }])
      yield* publish(read, "10 seconds")
      yield* publish(read, "10 seconds")
      yield* TestClock.adjust("1 minute")
      expect(shown("figures_sum")).toEqual({ figures_sum: 8 })
    })
  )
})
