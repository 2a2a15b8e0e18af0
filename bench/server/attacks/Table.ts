import type { Figures } from "../../support/Figures.js"

/** One row for each attack, and whether honest people felt it. */
export const table = (results: ReadonlyMap<string, Figures>): string => {
  const rows = [...results].map(([name, figures]) => [
    name,
    `${ms(figures["calm: p50 ms"])} / ${ms(figures["calm: p99 ms"])}`,
    `${ms(figures["attacked: p50 ms"])} / ${ms(figures["attacked: p99 ms"])}`,
    `${ms(figures["attacked: newcomers, p50 ms"])} / ${ms(figures["attacked: newcomers, worst ms"])}`,
    String(figures["attacked: newcomers kept out"]),
    String((figures["attacked: thrown off"] ?? 0) + (figures["recovered: thrown off"] ?? 0)),
    ms(figures["attacked: relayed, p50 ms"]),
    ms(figures["attacked: loop late, p99 ms"]),
    (figures["attacked: cores"] ?? Number.NaN).toFixed(2),
    `${Math.round(figures["before: MB"]!)} > ${Math.round(figures["attacked: peak MB"]!)}`,
    `${ms(figures["recovered: p50 ms"])} / ${ms(figures["recovered: p99 ms"])}`,
    beyond(figures) ?? "holds"
  ])
  const all = [HEADERS, ...rows]
  const widths = HEADERS.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

/** What honest people feel of it that they should not; `undefined` when they feel nothing. */
export const beyond = (figures: Figures): string | undefined => {
  const calm = Math.max(figures["calm: p99 ms"] ?? 0, NOISE_MS)
  const reasons = [
    !(figures["attacked: p99 ms"]! < TIMES_CALM * calm) && "slow",
    !((figures["attacked: newcomers, worst ms"] ?? 0) < NEWCOMER_MS) && "newcomers wait",
    figures["attacked: newcomers kept out"]! > 0 && "newcomers kept out",
    (figures["attacked: thrown off"]! > 0 || figures["recovered: thrown off"]! > 0) && "thrown off",
    figures["attacked: peak MB"]! > MOST_MB && "memory"
  ].filter((reason) => reason !== false)
  return reasons.length === 0 ? undefined : reasons.join(", ")
}

/** The goals. */
const TIMES_CALM = 5
const NEWCOMER_MS = 1_000
/** 10,000 clients with 16 KiB of waiting lines each, and what the program itself needs. */
const MOST_MB = 300
/** Below it a latency is the scheduler's, on a machine with two processors and three programs that are busy. */
const NOISE_MS = 10

const HEADERS = [
  "attack",
  "calm p50 / p99",
  "attacked",
  "newcomers p50 / worst",
  "kept out",
  "thrown off",
  "relayed",
  "loop p99",
  "cores",
  "MB",
  "recovered",
  ""
]

const ms = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? "-" : value < 10 ? value.toFixed(1) : String(Math.round(value))
