import stringWidth from "string-width"
import * as SafeText from "../../domain/SafeText.js"
import type { TerminalSize } from "../../services/Terminal.js"
import { charactersOf } from "../Graphemes.js"
import * as Glyphs from "./Glyphs.js"
import { type Bottom, type InputView, layOut, type Row, row } from "./Layout.js"
import type { Pane, Seen } from "./Pane.js"
import type { Listed } from "./View.js"

/** What stands on a full screen. */
export interface FullView {
  readonly list: ReadonlyArray<Listed>
  readonly pane: Pane
  /** Rows behind all of the pane, each no wider than asked for. */
  readonly last: (columns: number) => ReadonlyArray<string>
  readonly input: InputView
  readonly dim: (text: string) => string
  /** The program's own signs are to be those of ASCII. */
  readonly isAscii: boolean
}

export interface Full extends Bottom {
  readonly seen: Seen
}

/**
 * All rows of a screen: the conversation, left of it the list of all conversations where there is room for both, and
 * below them what is typed, which takes half of the screen at most.
 */
export const layOutFull = (view: FullView, size: TerminalSize): Full => {
  const { dim, input, isAscii, last, list, pane } = view
  const own = isAscii ? Glyphs.asciiRow : (text: string) => text
  const faint = (text: string) => dim(own(text))
  const bottom = layOut(input, { columns: size.columns, rows: Math.max(2, Math.ceil(size.rows / 2)) })
  const height = Math.max(0, size.rows - bottom.rows.length)
  const width = listWidth(list, size.columns)
  const room = width === 0 ? size.columns : size.columns - width - SEPARATOR.length
  const seen = pane.see(room, height, last(room), isAscii)
  const rows = paneRows(seen, height, room, faint)
  const names = width === 0 ? [] : listRows(list, width, height, own)
  return {
    rows: [...(width === 0 ? rows : rows.map((right, at) => beside(names[at], right, width, faint))), ...bottom.rows],
    cursor: { row: height + bottom.cursor.row, column: bottom.cursor.column },
    seen
  }
}

/** The newest stands right above what is typed; a row says how much is below, if anything. */
const paneRows = ({ below, rows }: Seen, height: number, columns: number, dim: (text: string) => string) => {
  const shown: Array<Row> = [...Array.from({ length: height - rows.length }, () => EMPTY), ...rows]
  if (below === 0 || height === 0) return shown
  // The row that it covers is below, too.
  const more = `↓ ${below + 1} more ${below === 0 ? "row" : "rows"}: PgDn, Esc for the last`
  return [...shown.slice(0, -1), row(dim(SafeText.line(more, Math.max(1, columns))))]
}

const beside = (name: Row | undefined, right: Row, width: number, dim: (text: string) => string): Row => ({
  text: `${name?.text ?? ""}${" ".repeat(width - (name?.width ?? 0))}${dim(SEPARATOR.trimEnd())} ${right.text}`,
  width: width + SEPARATOR.length + right.width
})

/** Cells of the list; none where the conversation would be too narrow beside it. */
const listWidth = (list: ReadonlyArray<Listed>, columns: number): number => {
  if (columns < MIN_COLUMNS || list.length === 0) return 0
  const widest = Math.max(...list.map((each) => stringWidth(cell(each))))
  return Math.min(Math.max(widest, MIN_LIST), Math.floor(columns / 4))
}

/** As many conversations as there is room for, the one in focus among them. */
const listRows = (
  list: ReadonlyArray<Listed>,
  width: number,
  height: number,
  own: (text: string) => string
): ReadonlyArray<Row> => {
  const focus = Math.max(
    0,
    list.findIndex(({ inFocus }) => inFocus)
  )
  const room = list.length > height ? Math.max(1, height - 1) : height
  const first = Math.max(0, Math.min(focus - room + 1, list.length - room))
  const rows = list.slice(first, first + room).map((each): Row => {
    const text = own(cut(cell(each), width))
    return { text: each.paint(text), width: stringWidth(text) }
  })
  return list.length > height && height > 1 ? [...rows, row(cut(`  +${list.length - room} more`, width))] : rows
}

const cell = ({ inFocus, news, nick, number }: Listed): string =>
  `${inFocus ? "→" : " "}${number} ${nick}${news === "" ? "" : ` ${news}`}`

const cut = (text: string, width: number): string => {
  if (stringWidth(text) <= width) return text
  let kept = ""
  for (const segment of charactersOf(text)) {
    if (stringWidth(kept + segment) > width - 1) break
    kept += segment
  }
  return `${kept}…`
}

const SEPARATOR = "│ "
const EMPTY: Row = { text: "", width: 0 }
/** Cells of a screen that has room for a list: the text beside it should have sixty. */
const MIN_COLUMNS = 80
const MIN_LIST = 12
