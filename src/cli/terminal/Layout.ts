import stringWidth from "string-width"
import * as SafeText from "../../domain/SafeText.js"
import type { TerminalSize } from "../../services/Terminal.js"
import { charactersOf, startOf } from "../Graphemes.js"
import { slices } from "./Wrap.js"

/** A row of the screen: at most as wide as the screen, with colours, but no other control character. */
export interface Row {
  readonly text: string
  /** Cells. */
  readonly width: number
}

/** The rows at the bottom of the screen, and where the cursor stands in them. */
export interface Bottom {
  readonly rows: ReadonlyArray<Row>
  readonly cursor: { readonly row: number; readonly column: number }
}

/** What stands on the bottom rows. */
export interface InputView {
  /** Rows above the prompt, each no wider than the screen; with colours, but no other control character. */
  readonly status?: ReadonlyArray<string>
  /** With colours, but no other control character. */
  readonly prompt: string
  /** The text on either side of the cursor, as typed. */
  readonly before: string
  readonly after: string
}

/**
 * Lays out what is typed, with one row left for what is printed above it. Only what can be seen is looked at, so that a
 * key costs what the screen shows and not what was typed.
 */
export const layOut = (view: InputView, size: TerminalSize): Bottom =>
  clip(broken(inView(view, size), size.columns), size.rows)

export const row = (text: string): Row => ({ text, width: stringWidth(text) })

/** The part of a long text that can show. The cut moves in steps, as each step breaks the rows elsewhere. */
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
  return from + startOf(text.slice(from, index + LONGEST_CHARACTER), index - from)
}

/** Code units between two places where a long text is cut. */
const CUT_STEP = 1024
/** Code units: characters of people's texts are far shorter. */
const LONGEST_CHARACTER = 128

/** Breaks the line into rows of at most `columns` cells, each safe to write; a wide character is never cut in half. */
const broken = (view: InputView, columns: number): Bottom => {
  const above = slices(view.prompt, columns)
  let text = above.at(-1)!
  let width = stringWidth(text)
  const rows = [...(view.status ?? []).flatMap((each) => slices(each, columns)), ...above.slice(0, -1)].map(row)
  const breakRow = () => {
    rows.push({ text, width })
    text = ""
    width = 0
  }
  const write = (typed: string) => {
    // Where all characters are plain, each is a cell of its own.
    for (const segment of PLAIN_TEXT.test(typed) ? typed : segments(typed)) {
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

function* segments(text: string): Generator<string> {
  yield* charactersOf(text)
}

const PLAIN_TEXT = /^[\n -~]*$/
const PLAIN = /^[ -~]$/

/** The rows that a screen of `height` can show, with the cursor among them and one row left for what is printed. */
const clip = (bottom: Bottom, height: number): Bottom => {
  const room = Math.max(1, height - 1)
  if (bottom.rows.length <= room) return bottom
  const first = Math.min(Math.max(0, bottom.cursor.row - room + 1), bottom.rows.length - room)
  return {
    rows: bottom.rows.slice(first, first + room),
    cursor: { row: bottom.cursor.row - first, column: bottom.cursor.column }
  }
}
