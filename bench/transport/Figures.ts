/** Figures of one run of one part, by name. */
export type Figures = Readonly<Record<string, number>>

export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
}

export const summarize = (values: ReadonlyArray<number>): Summary => {
  const sorted = [...values].sort((left, right) => left - right)
  return { median: quantile(sorted, 0.5), min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}

/** Of ascending values; the nearest one there is. */
export const quantile = (sorted: ReadonlyArray<number>, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN

/** Each figure over all runs. */
export const collect = (runs: ReadonlyArray<Figures>): Record<string, Summary> =>
  Object.fromEntries(
    Object.keys(runs[0] ?? {}).map((name) => [name, summarize(runs.map((figures) => figures[name] ?? Number.NaN))])
  )

export const show = (name: string, { max, median, min }: Summary): string =>
  `${name.padEnd(34)} ${number(median).padStart(12)}   (${number(min)} .. ${number(max)})`

const number = (value: number): string =>
  Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3)
