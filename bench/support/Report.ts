import { execFileSync } from "node:child_process"
import { cpus, loadavg } from "node:os"
import { collect, type Figures, formatSummary, summarize } from "./Figures.js"
import { type Goal, isMet, wording } from "./Goal.js"

/** What was measured where: all rounds of one run of a bench, and what it is to reach. */
export interface Measured {
  readonly goals: ReadonlyArray<Goal>
  /** Ratios that no goal is set for. */
  readonly beside: ReadonlyArray<Goal>
  readonly rounds: ReadonlyArray<Figures>
  readonly skipped: ReadonlyArray<string>
  readonly failed: ReadonlyArray<string>
  readonly before: Before
}

export interface Before {
  readonly commit: string
  readonly load: number
}

/** To be called before anything is measured: sources may change meanwhile. */
export const before = (): Before => ({ commit: commit(), load: loadavg()[0]! })

export const text = (measured: Measured): string => {
  const { failed, rounds, skipped } = measured
  const lines = [machine(measured)]
  const goals = rowsOf(measured.goals, rounds)
  if (goals.length > 0) lines.push("", "Goals")
  for (const { goal, summary } of goals) {
    const verdict = isMet(goal, summary.median) ? "met" : "MISSED"
    lines.push(`${goal.name.padEnd(WIDTH)} ${formatSummary(summary)} ${verdict.padEnd(6)} ${wording(goal)}`)
  }
  const beside = rowsOf(measured.beside, rounds)
  if (beside.length > 0) lines.push("", "Beside one another")
  for (const { goal, summary } of beside)
    lines.push(`${goal.name.padEnd(WIDTH)} ${formatSummary(summary)} ${goal.unit}`)
  lines.push("", "Figures")
  for (const [name, summary] of Object.entries(collect(rounds)))
    lines.push(`${name.padEnd(WIDTH)} ${formatSummary(summary)}`.trimEnd())
  if (skipped.length > 0) lines.push("", ...skipped.map((line) => `left out: ${line}`))
  if (failed.length > 0) lines.push("", ...failed.map((line) => `failed: ${line}`))
  return lines.join("\n")
}

export const json = (measured: Measured): string => {
  const { before, failed, rounds, skipped } = measured
  return JSON.stringify({
    commit: before.commit,
    node: process.version,
    processor: processor(),
    load: { before: before.load, after: loadavg()[0] },
    rounds: rounds.length,
    goals: rowsOf(measured.goals, rounds).map(({ goal, summary }) => ({
      name: goal.name,
      unit: goal.unit,
      ...(goal.atLeast === undefined ? { atMost: goal.atMost } : { atLeast: goal.atLeast }),
      ...summary,
      met: isMet(goal, summary.median)
    })),
    ratios: Object.fromEntries(rowsOf(measured.beside, rounds).map(({ goal, summary }) => [goal.name, summary])),
    figures: collect(rounds),
    skipped,
    failed
  })
}

const rowsOf = (goals: ReadonlyArray<Goal>, rounds: ReadonlyArray<Figures>) =>
  goals.flatMap((goal) => {
    const values = rounds.flatMap((figures) => goal.of(figures) ?? [])
    return values.length === 0 ? [] : [{ goal, summary: summarize(values) }]
  })

const machine = ({ before, rounds }: Measured): string =>
  `${before.commit}, Node ${process.version}, ${processor()}; load ${before.load.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} after; median (least .. greatest) of ${rounds.length}`

const processor = (): string => `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}`

const commit = (): string => {
  try {
    const git = (...args: ReadonlyArray<string>) =>
      execFileSync("git", args, { encoding: "utf8", stdio: "pipe" }).trim()
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "src") === "" ? "" : " and changes")
  } catch {
    return "no commit"
  }
}

const WIDTH = 52
