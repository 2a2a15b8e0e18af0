import { charactersOf } from "../Graphemes.js"

/** Where characters and words end in what a person types; lengths are in UTF-16 code units. */

/** Length of the last of what a reader takes for a character (extended grapheme clusters, UAX #29). */
export const lastCharacter = (text: string): number => {
  let last = 0
  for (const segment of charactersOf(text.slice(-WINDOW))) last = segment.length
  return last
}

export const firstCharacter = (text: string): number => {
  for (const segment of charactersOf(text.slice(0, WINDOW))) return segment.length
  return 0
}

/** Length of the first `count` characters, or of all. */
export const firstCharacters = (text: string, count: number): number => {
  let length = 0
  for (let i = 0; i < count && length < text.length; i++) length += firstCharacter(text.slice(length, length + WINDOW))
  return length
}

/** How many characters a text has; of a long one, those at its beginning. */
export const countCharacters = (text: string): number => {
  let count = 0
  for (const _ of charactersOf(text.slice(0, COLUMN_WINDOW))) count++
  return count
}

/** Length of the first word and what stands before it. */
export const firstWord = (text: string): number =>
  /^[^\p{L}\p{N}]*[\p{L}\p{N}\p{M}]*/u.exec(text.slice(0, WORD_WINDOW))![0].length

/** Length of the last word and what stands behind it. */
export const lastWord = (text: string): number =>
  /[\p{L}\p{N}\p{M}]*[^\p{L}\p{N}]*$/u.exec(text.slice(-WORD_WINDOW))![0].length

/** Code units in which the border of a character is looked for; clusters of people's text are far shorter. */
const WINDOW = 128
/** Code units in which the border of a word is looked for, as the search takes quadratic time. */
const WORD_WINDOW = 512
/** Code units that are counted: more than the widest screen shows. */
const COLUMN_WINDOW = 1024
