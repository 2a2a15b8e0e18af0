import type { Figures } from "./Figures.js"

/** What is to be reached, as one number of one round. */
export interface Goal {
  readonly name: string
  /** `undefined` when the round has not measured it. */
  readonly of: (figures: Figures) => number | undefined
  readonly unit: string
  readonly atLeast?: number
  readonly atMost?: number
}

/** A figure as it is. */
export const figure =
  (name: string) =>
  (figures: Figures): number | undefined =>
    figures[name]

/** A figure beside its floor of the same round. */
export const ratio =
  (name: string, floor: string) =>
  (figures: Figures): number | undefined => {
    const [value, by] = [figures[name], figures[floor]]
    return value === undefined || by === undefined ? undefined : value / by
  }

export const largest =
  (...names: ReadonlyArray<string>) =>
  (figures: Figures): number | undefined => {
    const values = names.flatMap((name) => figures[name] ?? [])
    return values.length === 0 ? undefined : Math.max(...values)
  }

export const isMet = ({ atLeast, atMost }: Goal, value: number): boolean =>
  (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)

export const wording = ({ atLeast, atMost, unit }: Goal): string =>
  atLeast !== undefined
    ? `at least ${atLeast.toLocaleString("en-US")} ${unit}`
    : atMost !== undefined
      ? `at most ${atMost} ${unit}`
      : unit
