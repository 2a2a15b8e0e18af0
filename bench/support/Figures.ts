/** Figures of one run of one part, by name. */
export type Figures = Readonly<Record<string, number>>

/** One figure over all runs. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
}

export const summarize = (values: ReadonlyArray<number>): Summary => {
  const sorted = ascending(values)
  return { median: quantile(sorted, 0.5), min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}

/** Of ascending values; the nearest one there is. */
export const quantile = (sorted: ReadonlyArray<number>, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN

export const ascending = (values: ReadonlyArray<number>): Array<number> =>
  [...values].sort((left, right) => left - right)

/** Each figure over all rounds that have it. */
export const collect = (rounds: ReadonlyArray<Figures>): Record<string, Summary> => {
  const names = new Set(rounds.flatMap((figures) => Object.keys(figures)))
  return Object.fromEntries(
    [...names].map((name) => [name, summarize(rounds.flatMap((figures) => figures[name] ?? []))])
  )
}

/** Jain's index of fairness: 1 when all have the same, 1 / n when one has everything. */
export const jain = (shares: ReadonlyArray<number>): number => {
  const sum = shares.reduce((total, share) => total + share, 0)
  return sum ** 2 / (shares.length * shares.reduce((total, share) => total + share ** 2, 0))
}

export const format = (value: number): string =>
  Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3)

export const formatSummary = ({ max, median, min }: Summary): string =>
  `${format(median).padStart(10)}   ${`(${format(min)} .. ${format(max)})`.padEnd(22)}`
