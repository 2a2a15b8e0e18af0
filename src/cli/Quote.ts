import { nearest } from "./Nearest.js"

/** What the user typed, short enough for a line and with nothing in it that a terminal obeys. */
export const of = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text)

/** Half a sentence about a text that is none of the words that there are. */
export const noneOf = (words: ReadonlyArray<string>, text: string): string => {
  const meant = nearest(text, words)
  return `must be one of ${words.join(", ")}, not ${of(text)}${meant === undefined ? "" : `; did you mean ${meant}?`}`
}
