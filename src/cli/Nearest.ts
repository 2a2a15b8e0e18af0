/**
 * How many letters are wrong: of those that are missing, too many, others, or in the order of their neighbour (optimal
 * string alignment). What is more than `most` is not counted on.
 */
export const distance = (one: string, other: string, most: number): number => {
  if (Math.abs(one.length - other.length) > most) return most + 1
  let before: ReadonlyArray<number> = []
  let row: ReadonlyArray<number> = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1]
      let least = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        least = Math.min(least, before[j - 2]! + 1)
      next.push(least)
    }
    before = row
    row = next
  }
  return Math.min(row[other.length]!, most + 1)
}

/**
 * The word that is meant: the only one that begins so, or the one with the fewest wrong letters, of which a short word
 * allows fewer.
 */
export const nearest = (typed: string, words: ReadonlyArray<string>): string | undefined => {
  const wanted = typed.toLowerCase().slice(0, LONGEST)
  const begun = wanted.length < BEGINNING ? [] : words.filter((word) => word.startsWith(wanted))
  if (begun.length === 1) return begun[0]
  let found: string | undefined
  let least = wanted.length < SHORT ? 1 : 2
  for (const word of words) {
    const wrong = distance(wanted, word, least)
    if (wrong > least || (wrong === least && found !== undefined)) continue
    found = word
    least = wrong
  }
  return found
}

/** Letters: one is a slip of the finger as well. */
const BEGINNING = 2
/** Letters: of words with fewer, two that are wrong leave nothing to know them by. */
const SHORT = 6
/** Letters: no command has as many. */
const LONGEST = 32
