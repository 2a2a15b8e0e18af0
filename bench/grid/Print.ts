import { KINDS, NEIGHBOURS, PAIRS } from "../../scenarios/grid/Places.js"
import type { Percentiles, Report } from "./Report.js"

/** The report as Markdown, which reads well on a terminal too. */
export const print = (report: Report): string =>
  [
    "Way and median ms until both sides are on it (all conversations, half of them with 5 % loss); `!` where a way was unlike theory:",
    matrix(report),
    neighbours(report),
    `From the moment at which both sides are introduced, in ms on a network with a round trip of ${report.roundTripMs} ms:`,
    times(report),
    "What the slowest message took while the path changed, in ms (two sides that both say something each 200 ms):",
    changes(report),
    "A conversation in which nobody says anything for ten minutes:",
    silence(report),
    "Where only guesses at ports lead past the relay, from the moment at which both have asked for each other:",
    searches(report),
    goals(report),
    ...report.failures
  ].join("\n\n")

const matrix = ({ routes }: Report): string => {
  const cell = (row: number, column: number): string => {
    const [a, b] = [Math.min(row, column), Math.max(row, column)]
    // Pairs are stored by their first kind; each kind has one pair less than the one before.
    const index = a * KINDS.length - (a * (a - 1)) / 2 + (b - a)
    return way(routes[index]!)
  }
  const rows = KINDS.map(({ name, short }, row) => [
    `${name} (${short})`,
    ...KINDS.map((_, column) => (column < row ? "" : cell(row, column)))
  ])
  return table(["", ...KINDS.map(({ short }) => short)], rows)
}

const neighbours = ({ routes }: Report): string =>
  table(
    ["neighbours", "way"],
    NEIGHBOURS.map(({ name }, index) => [name, way(routes[PAIRS.length + index]!)])
  )

const way = ({ directMs, theory, unlike }: Report["routes"][number]): string =>
  `${theory}${directMs === undefined ? "" : ` ${directMs.median}`}${unlike > 0 ? "!" : ""}`

const times = (report: Report): string =>
  table(
    ["", "conversations", "median", "p99", "slowest"],
    report.times.flatMap(({ directMs, firstMs, loss }) => [
      [`first message, ${percent(loss)} loss`, ...figures(firstMs)],
      [`direct path, ${percent(loss)} loss`, ...figures(directMs)]
    ])
  )

const changes = (report: Report): string =>
  table(
    ["", "no loss, slowest", "5 % loss, median", "5 % loss, slowest"],
    report.changes.map(({ name, slowestMs: [clean, lossy], unlike }) => [
      `${name}${unlike > 0 ? "!" : ""}`,
      text(clean?.max),
      text(lossy?.median),
      text(lossy?.max)
    ])
  )

const silence = (report: Report): string =>
  table(
    ["", "packets a minute and side", "next message, ms", "path changes"],
    report.silence.map((each) => [each.name, text(each.packetsPerMinute), text(each.nextMs), text(each.changes)])
  )

const searches = (report: Report): string =>
  table(
    ["", "found", "direct, median ms", "slowest", "packets in vain, median", "most"],
    report.searches.map(({ directMs, found, inVain, name, runs }) => [
      name,
      `${found} of ${runs}`,
      ...[directMs?.median, directMs?.max, inVain?.median, inVain?.max].map(text)
    ])
  )

const goals = (report: Report): string =>
  table(
    ["goal", "measured", "at most", ""],
    report.goals.map(({ limit, measured, met, name, unit }) => [
      name,
      `${text(measured)}${unit}`,
      `${limit}${unit}`,
      met ? "met" : "MISSED"
    ])
  )

const figures = (values: Percentiles | undefined): ReadonlyArray<string> =>
  values === undefined ? ["0", "", "", ""] : [values.runs, values.median, values.p99, values.max].map(text)

const text = (value: number | undefined): string => (value === undefined ? "" : String(Math.round(value * 10) / 10))
const percent = (part: number): string => (part === 0 ? "no" : `${part * 100} %`)

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length), 3))
  const line = (cells: ReadonlyArray<string>) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`
  return [line(head), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rows.map(line)].join("\n")
}
