/**
 * Work that may be long, done in slices: each `next` does one of them, and the last gives the result. Between two of
 * them whoever drives it lets others run; whoever does not go on with it leaves nothing behind.
 */
export type Sliced<A> = Generator<undefined, A, undefined>

/** Counts the work of one `Sliced`, in units of about a microsecond, to tell where a slice ends. */
export class Slice {
  #left = UNITS

  /** Takes these units up; whether the slice is used up with them, and the next one begins: `yield` then. */
  spend(units: number): boolean {
    this.#left -= units
    if (this.#left > 0) return false
    this.#left = UNITS
    return true
  }
}

/**
 * The items in order, as `Array.prototype.toSorted` has them: those that compare as equal stay in theirs. A comparison
 * takes about `units`.
 */
export function* sorted<A>(
  items: ReadonlyArray<A>,
  compare: (one: A, other: A) => number,
  units: number,
  slice = new Slice()
): Sliced<ReadonlyArray<A>> {
  let runs: Array<ReadonlyArray<A>> = []
  for (let at = 0; at < items.length; at += RUN) {
    if (slice.spend(units * RUN * RUN_DEPTH)) yield
    runs.push(items.slice(at, at + RUN).sort(compare))
  }
  while (runs.length > 1) {
    const longer: typeof runs = []
    for (let at = 0; at < runs.length; at += 2)
      longer.push(yield* merged(runs[at]!, runs[at + 1] ?? [], compare, units, slice))
    runs = longer
  }
  return runs[0] ?? []
}

/** Two that are in order as one; of two that compare as equal that of `one` comes first. */
function* merged<A>(
  one: ReadonlyArray<A>,
  other: ReadonlyArray<A>,
  compare: (one: A, other: A) => number,
  units: number,
  slice: Slice
): Sliced<ReadonlyArray<A>> {
  if (other.length === 0) return one
  const all: Array<A> = []
  for (let [at, beside] = [0, 0]; all.length < one.length + other.length; ) {
    if (slice.spend(units)) yield
    const isOne = beside === other.length || (at < one.length && compare(one[at]!, other[beside]!) <= 0)
    all.push(isOne ? one[at++]! : other[beside++]!)
  }
  return all
}

/** Units that reading or writing this text, or a key of it, takes. */
export const textUnits = (text: string): number => 1 + (text.length >> 6)

/**
 * Units that it takes to make a safe name of this text (domain/FileName), or of the number of one. Anything but ASCII
 * is looked at character by character, of which `FileName` sees at most 1024.
 */
export const nameUnits = (text: string): number =>
  8 + (PLAIN.test(text) ? text.length >> 3 : Math.min(text.length, MOST_LOOKED_AT))

/** Some milliseconds, so that what is due in between (sound, heartbeats, keys pressed) comes in time. */
export const UNITS = 2_048
/** Items that are sorted in one piece, and how often each of them is compared then. */
const RUN = 128
const RUN_DEPTH = 6
const PLAIN = /^[ -~]*$/
const MOST_LOOKED_AT = 1_024
