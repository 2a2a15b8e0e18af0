import * as Either from "effect/Either"
import * as Quote from "../Quote.js"

/** The seeds from `first` to `last`, both included: integers from 0 to 2^32-1. */
export interface SeedRange {
  readonly first: number
  readonly last: number
}

/** `24` or `1..100000`; `Left` is the sentence to show. */
export const parse = (text: string): Either.Either<SeedRange, string> => {
  const match = /^(\d{1,10})(?:\.\.(\d{1,10}))?$/.exec(text)
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  return match !== null && first <= last && last <= LARGEST
    ? Either.right({ first, last })
    : Either.left(`seeds are written 24 or 1..1000, from 0 to ${LARGEST}, not ${Quote.of(text)}`)
}

/** Ids of planned faults, `3,7` or `none`; `Left` is the sentence to show. */
export const parseFaults = (text: string): Either.Either<ReadonlyArray<number>, string> => {
  if (text === "none") return Either.right([])
  return /^\d{1,6}(,\d{1,6})*$/.test(text)
    ? Either.right(text.split(",").map(Number))
    : Either.left(`faults are numbers with commas between them, or none, not ${Quote.of(text)}`)
}

/** How `parse` and `parseFaults` read it. */
export const format = (seed: number, faults: ReadonlyArray<number> | undefined): string =>
  `--seeds ${seed}${faults === undefined ? "" : ` --faults ${faults.length === 0 ? "none" : faults.join()}`}`

/** What the generators of the simulated world are seeded with: 32 bits. */
const LARGEST = 2 ** 32 - 1
