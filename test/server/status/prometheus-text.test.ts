import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as PrometheusText from "../../../src/server/status/PrometheusText.js"
import type { Figure } from "../../../src/services/Figures.js"
import { some } from "../../support/Effort.js"
import { parse } from "./PrometheusParser.js"

describe("the text format of Prometheus", () => {
  test("brings those of one name together, below help and type", () => {
    const figure = (name: string, value: number, why?: string): Figure => ({
      kind: "counter",
      name,
      help: "Of two\nlines",
      value,
      ...(why === undefined ? {} : { labels: { why, other: "x" } })
    })
    const text = PrometheusText.of([
      figure("a", 1, 'say "\\no"'),
      figure("b", Number.POSITIVE_INFINITY),
      figure("a", 2, "")
    ])
    expect(text).toBe(
      [
        "# HELP a_total Of two\\nlines",
        "# TYPE a_total counter",
        'a_total{why="say \\"\\\\no\\"",other="x"} 1',
        'a_total{why="",other="x"} 2',
        "# HELP b_total Of two\\nlines",
        "# TYPE b_total counter",
        "b_total +Inf",
        ""
      ].join("\n")
    )
  })

  test("is read back as what was written", () => {
    const word = fc.stringMatching(/^[a-z]+(_[a-z]+)?$/)
    const arbitrary = fc.uniqueArray(
      fc.record({
        kind: fc.constantFrom("gauge" as const, "counter" as const),
        name: word,
        help: fc.stringMatching(/^\S[^\r\u2028]*$/),
        value: fc.oneof(fc.double(), fc.integer()),
        labels: fc.dictionary(word, fc.string(), { maxKeys: 3 })
      }),
      { selector: ({ name }) => name.replace(/_total$/, "") }
    )
    fc.assert(
      fc.property(arbitrary, (figures) => {
        const good = figures.filter(({ name }) => !name.endsWith("_total"))
        const read = [...parse(PrometheusText.of(good)).values()].flatMap(({ help, name, samples, type }) =>
          samples.map(({ labels, value }) => ({ kind: type, name: name.replace(/_total$/, ""), help, value, labels }))
        )
        expect(read).toEqual(good.map((figure) => ({ ...figure, value: figure.value === 0 ? 0 : figure.value })))
      }),
      { numRuns: some(200) }
    )
  })
})
