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
const PLAIN = /^[ -~]*$/
const MOST_LOOKED_AT = 1_024
