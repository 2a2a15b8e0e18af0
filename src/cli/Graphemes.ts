/**
 * What a reader takes for characters (extended grapheme clusters, UAX #29). ICU's tables take a tenth of a start to
 * load, so they are asked only where a text has more than ASCII.
 */

/** The characters of a text, one after the other. */
export const charactersOf = (text: string): Iterable<string> => (ASCII.test(text) ? text : segmentsOf(text))

/** Where the character begins that has the code unit at `index`, or 0 where there is none. */
export const startOf = (text: string, index: number): number =>
  ASCII.test(text) ? (index < text.length ? index : 0) : (segmenter().segment(text).containing(index)?.index ?? 0)

/** Printable ASCII: none of it joins another. */
const ASCII = /^[\x20-\x7e]*$/

function* segmentsOf(text: string): Generator<string> {
  for (const { segment } of segmenter().segment(text)) yield segment
}

const segmenter = (): Intl.Segmenter => (made ??= new Intl.Segmenter())
let made: Intl.Segmenter | undefined
