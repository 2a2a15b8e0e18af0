import stringWidth from "string-width"
import { charactersOf } from "../Graphemes.js"
import type { Bottom } from "./Layout.js"

/**
 * What terminals do with rows that became wider than the screen. `all`: they are wrapped (VTE, tmux, kitty, foot,
 * iTerm2). `notCursor`: they are wrapped, but for the one that the cursor is in, which is cut off (xterm.js as it
 * comes). `none`: they are cut off (xterm, the Linux console).
 */
export type Reflow = "all" | "notCursor" | "none"

/** Everything that terminals do. */
export const ANY: ReadonlyArray<Reflow> = ["all", "notCursor", "none"]

/** What a terminal does that names itself so (XTVERSION, `CSI > q`); every way, where we do not know it. */
export const ofTerminal = (name: string): ReadonlyArray<Reflow> =>
  REFLOWS.find(([names]) => names.test(name))?.[1] ?? ANY

const REFLOWS: ReadonlyArray<readonly [RegExp, ReadonlyArray<Reflow>]> = [
  [/^(?:tmux|VTE|kitty|foot|iTerm2|WezTerm|ghostty|Konsole)\b/i, ["all"]],
  [/^xterm\.js\b/i, ["notCursor", "all"]],
  [/^XTerm\(/, ["none"]]
]

/**
 * How many rows the first of ours is above the cursor, after the screen became `columns` wide and, on the way there,
 * no wider than `narrowest`, if the terminal says that the cursor is in `column` now (from 0). Where several of `ways`
 * explain that column, the fewest rows, as the row above may be somebody's message; `undefined` where none does.
 */
export const rowsAbove = (
  bottom: Bottom,
  { column, columns, narrowest }: { readonly column: number; readonly columns: number; readonly narrowest: number },
  ways: ReadonlyArray<Reflow>
): number | undefined => {
  const { cursor, rows } = bottom
  const above = rows.slice(0, cursor.row)
  const wrapped = () => above.reduce((sum, row) => sum + height(row.text, columns), 0)
  const cut = Math.min(cursor.column, narrowest - 1)
  const found: Array<number> = []
  for (const way of ways) {
    if (way === "none" && column === cut) found.push(cursor.row)
    if (way === "notCursor" && column === cut) found.push(wrapped())
    if (way !== "all") continue
    const at = place(rows[cursor.row]?.text ?? "", cursor.column, columns)
    if (column === at.column) found.push(wrapped() + at.row)
    // Behind a row that is quite full, the cursor stands on its last cell, or on the first of the next row.
    else if (at.column === columns && column === columns - 1) found.push(wrapped() + at.row)
    else if (at.column === columns && column === 0) found.push(wrapped() + at.row + 1)
  }
  return found.length === 0 ? undefined : Math.min(...found)
}

/** Rows that a text takes on a screen of `columns` cells, which breaks it where it is full. */
export const height = (text: string, columns: number): number => place(text, Number.POSITIVE_INFINITY, columns).row + 1

/** Where the first `cells` cells of a text end; the column is `columns` behind a full row. */
const place = (text: string, cells: number, columns: number) => {
  const bare = text.replace(COLOURS, "")
  if (PLAIN.test(bare)) {
    const end = Math.min(cells, bare.length)
    const row = Math.max(0, Math.ceil(end / columns) - 1)
    return { row, column: end - row * columns }
  }
  let [row, column, left] = [0, 0, cells]
  for (const segment of charactersOf(bare)) {
    if (left <= 0) break
    const width = stringWidth(segment)
    if (column + width > columns) {
      row++
      column = 0
    }
    column += width
    left -= width
  }
  return { row, column }
}

const PLAIN = /^[\x20-\x7e]*$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them.
const COLOURS = /\u001b\[[0-9;]*m/g
