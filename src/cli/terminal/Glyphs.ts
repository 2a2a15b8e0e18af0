/**
 * The program's own signs for terminals that may have no others than those of ASCII. What people write stays as it is:
 * a locale that says nothing is more often forgotten than meant.
 */
export const ascii = (text: string): string => text.replace(SIGNS, (sign) => WORDS[sign]!)

/** The same for rows whose width counts: each sign is one cell. */
export const asciiRow = (text: string): string => text.replace(SIGNS, (sign) => CELLS[sign]!)

const CELLS: Readonly<Record<string, string>> = {
  "→": ">",
  "↔": "-",
  "…": "~",
  "✓": "v",
  "✗": "x",
  "█": "#",
  "░": ".",
  "─": "-",
  "│": "|",
  "·": "-",
  "•": "*",
  "●": "*",
  "○": "o"
}
const WORDS: Readonly<Record<string, string>> = { ...CELLS, "→": "->", "↔": "<->", "…": "...", "✓": "(verified)" }
const SIGNS = new RegExp(`[${Object.keys(CELLS).join("")}]`, "gu")
