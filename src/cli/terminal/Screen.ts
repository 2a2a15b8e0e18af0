import stringWidth from "string-width"
import * as SafeText from "../../domain/SafeText.js"
import type { TerminalSize } from "../../services/Terminal.js"

/** What stands on the bottom lines. */
export interface InputView {
  /** Lines above the prompt, each no wider than the screen; with colours, but no other control character. */
  readonly status?: ReadonlyArray<string>
  /** With colours, but no other control character. */
  readonly prompt: string
  /** The text on either side of the cursor, as typed. */
  readonly before: string
  readonly after: string
}

/**
 * Keeps the line being typed at the bottom while other lines are printed above it, on the normal screen, so that the
 * terminal's own scrollback, search and selection keep working. Each call gives the characters to write; nothing is
 * kept but the shape of the bottom lines, which is enough to wipe them again even after the terminal re-wrapped them.
 */
export class Screen {
  /** Cells of each bottom line as drawn. */
  #drawn: ReadonlyArray<number> = []
  #cursor = { row: 0, column: 0 }

  /** Prints `lines` (coloured at most) above the bottom lines, and draws those anew. */
  draw(lines: ReadonlyArray<string>, view: InputView, size: TerminalSize): string {
    const { rows, cursor } = clip(layOut(inView(view, size), size.columns), size.rows)
    let out = this.wipe(size)
    for (const line of lines) out += `${line}\r\n`
    out += rows.map((row) => row.text).join("\r\n")
    const up = rows.length - 1 - cursor.row
    if (up > 0) out += `${CSI}${up}A`
    out += "\r"
    if (cursor.column > 0) out += `${CSI}${cursor.column}C`
    this.#drawn = rows.map((row) => row.width)
    this.#cursor = cursor
    return out
  }

  /** Wipes the bottom lines; what is printed next starts where they were. */
  wipe(size: TerminalSize): string {
    const heights = this.#drawn.slice(0, this.#cursor.row).map((width) => Math.max(1, Math.ceil(width / size.columns)))
    const up = heights.reduce((sum, height) => sum + height, Math.floor(this.#cursor.column / size.columns))
    this.#drawn = []
    this.#cursor = { row: 0, column: 0 }
    return `${up > 0 ? `${CSI}${Math.min(up, size.rows)}A` : ""}\r${CSI}J`
  }
}

/** Ctrl-L: an empty screen, the bottom lines at its top. */
export const CLEAR = "\u001b[2J\u001b[H"
/** The terminal marks what is pasted, so that line breaks in it are told from the Enter key. */
export const PASTE_ON = "\u001b[?2004h"
export const PASTE_OFF = "\u001b[?2004l"

const CSI = "\u001b["

interface Row {
  readonly text: string
  readonly width: number
}

interface Layout {
  readonly rows: ReadonlyArray<Row>
  readonly cursor: { readonly row: number; readonly column: number }
}

const graphemes = new Intl.Segmenter()

/**
 * The part of a long text that can show, so that a key costs what the screen shows and not what was typed. The cut
 * moves in steps, as each step breaks the rows elsewhere.
 */
const inView = (view: InputView, { columns, rows }: TerminalSize): InputView => {
  const most = columns * rows
  const { after, before } = view
  const ends = after.length > most ? borderAt(after, most) : after.length
  if (before.length <= most + CUT_STEP) return { ...view, after: after.slice(0, ends) }
  const begins = borderAt(before, Math.floor((before.length - most) / CUT_STEP) * CUT_STEP)
  return { ...view, prompt: "…", before: before.slice(begins), after: after.slice(0, ends) }
}

/** The beginning of the character that the code unit at `index` belongs to. */
const borderAt = (text: string, index: number): number => {
  const from = Math.max(0, index - LONGEST_CHARACTER)
  return from + (graphemes.segment(text.slice(from, index + LONGEST_CHARACTER)).containing(index - from)?.index ?? 0)
}

/** Code units between two places where a long text is cut. */
const CUT_STEP = 1024
/** Code units: characters of people's texts are far shorter. */
const LONGEST_CHARACTER = 128

/** Breaks the line into rows of at most `columns` cells, each safe to write; a wide character is never cut in half. */
const layOut = (view: InputView, columns: number): Layout => {
  const rows: Array<Row> = (view.status ?? []).map((text) => ({ text, width: stringWidth(text) }))
  let text = view.prompt
  let width = stringWidth(view.prompt)
  const breakRow = () => {
    rows.push({ text, width })
    text = ""
    width = 0
  }
  const write = (typed: string) => {
    for (const { segment } of graphemes.segment(typed)) {
      if (segment === "\n") {
        breakRow()
        continue
      }
      const isPlain = PLAIN.test(segment)
      const shown = isPlain ? segment : SafeText.line(segment)
      const cells = isPlain ? 1 : stringWidth(shown)
      if (width + cells > columns) breakRow()
      text += shown
      width += cells
    }
  }
  write(view.before)
  if (width >= columns) breakRow()
  const cursor = { row: rows.length, column: width }
  write(view.after)
  breakRow()
  return { rows, cursor }
}

const PLAIN = /^[ -~]$/

/** The rows that a screen of `height` can show, with the cursor among them and one line left for what is printed. */
const clip = (layout: Layout, height: number): Layout => {
  const room = Math.max(1, height - 1)
  if (layout.rows.length <= room) return layout
  const first = Math.min(Math.max(0, layout.cursor.row - room + 1), layout.rows.length - room)
  return {
    rows: layout.rows.slice(first, first + room),
    cursor: { row: layout.cursor.row - first, column: layout.cursor.column }
  }
}
