import type { TerminalSize } from "../../services/Terminal.js"
import type { Bottom, Row } from "./Layout.js"
import * as Links from "./Links.js"
import * as Reflow from "./Reflow.js"

/**
 * The rows at the bottom of the normal screen, kept below everything that is printed, so that the terminal's own
 * scrollback, search and selection keep working. Each call gives the bytes to write: of the bottom rows those that have
 * changed, and of all others none. No row is ever erased that is not surely one of ours.
 */
export class Frame {
  #drawn: Bottom = NOTHING
  /** What the terminal may do with our rows when it becomes narrower. */
  #ways = Reflow.ANY
  /** The terminal opens what is marked as a link. */
  #hasLinks = false

  /** Prints `lines` (with colours at most) above the bottom rows, and makes those what `next` says. */
  draw(lines: ReadonlyArray<string>, next: Bottom, size: TerminalSize): string {
    const drawn = this.#drawn
    const heights = lines.reduce((sum, line) => sum + Reflow.height(line, size.columns), 0)
    this.#drawn = next
    if (lines.length === 0) {
      const pen = new Pen(drawn.cursor.row, drawn.cursor.column)
      const rows = change(pen, drawn.rows, next, size)
      return rows > 1 ? synchronized(pen.out) : pen.out
    }
    const pen = new Pen(drawn.cursor.row, drawn.cursor.column)
    const printed = lines.map((line) => `${this.#hasLinks ? Links.marked(line) : line}${NEXT_ROW}`).join("")
    const room = size.rows - Math.max(drawn.rows.length, next.rows.length)
    if (drawn.rows.length > 0 && heights < room) {
      // The rows move down as they are: room is made below them, and then above them.
      pen.to(drawn.rows.length - 1)
      pen.out += `${"\n".repeat(heights)}${CSI}${drawn.rows.length - 1 + heights}A${CSI}${heights}L\r`
      pen.out += printed
      pen.stands(0, 0)
      change(pen, drawn.rows, next, size)
    } else {
      erase(pen, drawn.rows)
      pen.out += printed
      change(pen, [], next, size)
    }
    return synchronized(pen.out)
  }

  /** Erases the bottom rows; what is written next starts where they were. */
  wipe(): string {
    const pen = new Pen(this.#drawn.cursor.row, this.#drawn.cursor.column)
    erase(pen, this.#drawn.rows)
    this.#drawn = NOTHING
    return pen.out
  }

  /** Somebody else has written to the screen: the rows are drawn anew where the cursor is. */
  forget(): void {
    this.#drawn = NOTHING
  }

  /** The terminal has told its name. */
  knows(name: string): void {
    this.#ways = Reflow.ofTerminal(name)
    this.#hasLinks = Links.areKnownTo(name)
  }

  /**
   * Erases the rows after the size has changed, as far as the position that the terminal gives for the cursor explains
   * where they are; what is written next starts there. Else, or without a position, it starts below them: a copy that
   * is left is better than a message that is gone.
   */
  resized(position: Position | undefined, narrowest: number, size: TerminalSize): string {
    const drawn = this.#drawn
    this.#drawn = NOTHING
    if (drawn.rows.length === 0) return "\r"
    const up =
      position === undefined
        ? undefined
        : Reflow.rowsAbove(drawn, { column: position.column, columns: size.columns, narrowest }, this.#ways)
    if (up === undefined || position === undefined) return NEXT_ROW.repeat(drawn.rows.length - drawn.cursor.row)
    // Rows above the top are in the scrollback, out of reach.
    const reach = Math.min(up, position.row)
    const moved = `${reach > 0 ? `${CSI}${reach}A` : ""}\r`
    if (reach < position.row) return `${moved}${ERASE_BELOW}`
    // tmux takes an erasing from the top for a clearing, and keeps a copy in its scrollback.
    return size.rows === 1 ? `${moved}${ERASE_REST}` : `${moved}${ERASE_REST}${NEXT_ROW}${ERASE_BELOW}${CSI}1A`
  }
}

/** Where the cursor is: row and column from 0. */
export interface Position {
  readonly row: number
  readonly column: number
}

/** Ctrl-L: an empty screen, the bottom rows at its top. */
export const CLEAR = "\u001b[2J\u001b[H"

const CSI = "\u001b["
const NEXT_ROW = "\r\n"
const ERASE_REST = `${CSI}K`
const ERASE_BELOW = `${CSI}J`
const NOTHING: Bottom = { rows: [], cursor: { row: 0, column: 0 } }

/** What is between the marks is shown at once (contour's mode 2026); terminals that do not know them ignore them. */
const synchronized = (out: string): string => (out === "" ? "" : `${CSI}?2026h${out}${CSI}?2026l`)

/** Writes, and knows in which of the rows it is. */
class Pen {
  out = ""

  constructor(
    public row: number,
    public column: number
  ) {}

  /** To the beginning of a row: up, or down, where new rows are made at the bottom of the screen. */
  to(row: number): void {
    if (row < this.row) this.out += `${CSI}${this.row - row}A`
    this.out += row > this.row ? NEXT_ROW.repeat(row - this.row) : "\r"
    this.stands(row, 0)
  }

  stands(row: number, column: number): void {
    this.row = row
    this.column = column
  }
}

/** Makes the rows what `next` says, the cursor included; gives how many of them changed. */
const change = (pen: Pen, drawn: ReadonlyArray<Row>, next: Bottom, { columns }: TerminalSize): number => {
  let changed = 0
  for (let at = 0; at < Math.max(drawn.length, next.rows.length); at++) {
    const before = drawn[at]
    const after = next.rows[at]
    if (before?.text === after?.text) continue
    changed++
    pen.to(at)
    // Behind the last cell of a full row, terminals would erase that cell.
    const rest = after === undefined || after.width < columns ? ERASE_REST : ""
    const text = after?.text ?? ""
    // Cells that were erased behind a text count as its own to tmux when it wraps it anew: only an empty row has none.
    pen.out += (after?.width ?? 0) < (before?.width ?? 0) ? rest + text : text + rest
    pen.stands(at, after?.width ?? 0)
  }
  const { column, row } = next.cursor
  if (pen.row === row && pen.column === column && column < columns) return changed
  pen.to(row)
  if (column > 0) pen.out += `${CSI}${column}C`
  pen.stands(row, column)
  return changed
}

const erase = (pen: Pen, rows: ReadonlyArray<Row>): void => {
  for (let at = rows.length - 1; at >= 0; at--) {
    pen.to(at)
    pen.out += ERASE_REST
  }
  if (rows.length === 0) pen.to(0)
}
