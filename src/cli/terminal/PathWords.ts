/** Paths as people type them: quoted, with spaces behind backslashes, from the home folder on. */

/** A word and where it begins and ends in the line, its quotes included. */
export interface PathWord {
  readonly text: string
  readonly start: number
  readonly end: number
}

/**
 * The words of a line in the manner of a shell. A quote that is not closed runs to the end of the line where a word
 * begins with it. Inside a word that is an apostrophe (`it's.txt`), as is one behind a letter that another word closes.
 */
export const split = (line: string): ReadonlyArray<PathWord> => {
  const words: Array<PathWord> = []
  let text: string | undefined
  let start = 0
  let quote: string | undefined
  for (let i = 0; i <= line.length; i++) {
    const character = line[i]
    if (character === undefined || (quote === undefined && /\s/.test(character))) {
      if (text !== undefined) words.push({ text, start, end: i })
      text = undefined
      continue
    }
    if (text === undefined) {
      text = ""
      start = i
    }
    if (character === quote) quote = undefined
    else if (quote === undefined && isQuote(line, i, text)) quote = character
    else if (character === "\\" && quote !== "'" && i + 1 < line.length) text += line[++i]
    else text += character
  }
  return words
}

/** Whether the character at `i` opens a quote, behind this much of its word. */
const isQuote = (line: string, i: number, text: string): boolean => {
  const character = line[i]
  if (character !== '"' && character !== "'") return false
  if (text === "") return true
  const end = line.indexOf(character, i + 1)
  return end >= 0 && (!/[\p{L}\p{N}]$/u.test(text) || !/\s/.test(line.slice(i, end)))
}

/** The path as one word of a line. */
export const quoted = (path: string): string => path.replace(/[\s"'\\]/g, "\\$&")

/** `~` and `~/…` from the home folder, where there is one. */
export const expand = (path: string, home: string | undefined): string =>
  home !== undefined && (path === "~" || path.startsWith("~/")) ? home + path.slice(1) : path
