import stringWidth from "string-width"
import { charactersOf } from "../Graphemes.js"
import { RESET } from "./Palette.js"

/**
 * A text behind the name of the person who says it. The lines are sanitized and have no colours; the head may have
 * some.
 */
export interface Paragraph {
  readonly head: string
  readonly lines: ReadonlyArray<string>
  /** Who wrote it, where a flood of them may be told as a number. */
  readonly from?: string
  /** What stands behind the last line, as it is at the time. */
  readonly mark?: () => string
  /** Gives all of it a colour, row by row. */
  readonly paint?: (text: string) => string
}

/** What a full screen shows by itself, as it shows conversations whole; the normal screen is to be told of it. */
export interface Repeated {
  readonly repeated: string | Paragraph
}

/** Something to print: a line, which may have colours, or a paragraph. */
export type Printed = string | Paragraph | Repeated

export const isRepeated = (printed: Printed): printed is Repeated =>
  typeof printed !== "string" && "repeated" in printed

/** What it is, wherever it is shown. */
export const plainly = (printed: Printed): string | Paragraph => (isRepeated(printed) ? printed.repeated : printed)

/**
 * The lines of it where no width is known. Those after the first are set in, so that none looks like one of its own.
 */
export const flat = (printed: Printed): ReadonlyArray<string> => {
  const shown = plainly(printed)
  if (typeof shown === "string") return [shown]
  return marked(shown).map((line, index) => painted(shown, `${index === 0 ? shown.head : INDENT}${line}`))
}

const marked = ({ lines, mark }: Paragraph): ReadonlyArray<string> =>
  mark === undefined ? lines : [...lines.slice(0, -1), `${lines.at(-1) ?? ""}${mark()}`]

/**
 * The lines of it on a screen of `columns` cells: those after the first stand under the text, broken between words
 * where that is possible. No character is lost but the blanks at which a line is broken. In a line, a word that is
 * wider than the screen is left to the terminal, which gives a path back in one piece when it is copied.
 */
export const wrap = (printed: Printed, columns: number): ReadonlyArray<string> => {
  const shown = plainly(printed)
  if (typeof shown === "string") return wrapLine(shown, columns)
  const { head } = shown
  const width = stringWidth(head)
  const isNarrow = columns - width < MIN_TEXT
  const indent = isNarrow ? INDENT.slice(0, Math.max(0, columns - MIN_TEXT)) : " ".repeat(width)
  const room = Math.max(1, columns - indent.length)
  const rows = markedRows(shown, room)
  const isBelow = isNarrow || rows[0]?.isAddress === true
  const below = rows.map((row) => (row.isAddress ? row.text : indent + row.text))
  const all = isBelow ? [head.trimEnd(), ...below] : [head + (rows[0]?.text ?? ""), ...below.slice(1)]
  return all.map((row) => painted(shown, row))
}

const painted = ({ paint }: Paragraph, text: string): string => (paint === undefined ? text : paint(text))

/** The rows of all its lines. The mark stands behind the last of them, also where that is an address by itself. */
const markedRows = (shown: Paragraph, room: number): ReadonlyArray<Piece> => {
  const rows = shown.lines.flatMap((line) => pieces(line, room))
  const last = rows.at(-1)
  if (shown.mark === undefined || last?.isAddress !== true) return marked(shown).flatMap((line) => pieces(line, room))
  return [...rows.slice(0, -1), { ...last, text: last.text + shown.mark() }]
}

interface Piece {
  readonly text: string
  readonly isAddress: boolean
}

/**
 * The rows of a line. An address that is wider than the room has a row of its own, without indentation, which the
 * terminal breaks: so it can be opened and copied in one piece.
 */
const pieces = (line: string, room: number): ReadonlyArray<Piece> => {
  const parts = line.includes("://") ? line.split(ADDRESS) : [line]
  const rows: Array<Piece> = []
  let text = ""
  const flush = () => {
    if (text.trim() !== "") for (const row of broken(text.trim(), room)) rows.push({ text: row, isAddress: false })
    text = ""
  }
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 1 && stringWidth(part) > room) {
      flush()
      rows.push({ text: part, isAddress: true })
    } else text += part
  }
  if (rows.length === 0) return broken(text, room).map((row) => ({ text: row, isAddress: false }))
  flush()
  return rows
}

/** Addresses as browsers open them. */
const ADDRESS = /((?:https?|ftp):\/\/[^\s<>"]+)/

/** A text in pieces that fit, where it is wider: what is drawn again has to keep to its rows. Colours go on. */
export const slices = (text: string, columns: number): ReadonlyArray<string> => {
  if (text.length <= columns && PLAIN.test(text)) return [text]
  if (stringWidth(text) <= columns) return [text]
  const rows: Array<string> = []
  let [piece, width, colour] = ["", 0, ""]
  for (const part of text.split(COLOUR)) {
    if (part.startsWith("\u001b")) {
      piece += part
      colour = part === RESET ? "" : colour + part
      continue
    }
    for (const segment of charactersOf(part)) {
      const cells = stringWidth(segment)
      if (width + cells > columns && width > 0) {
        rows.push(colour === "" ? piece : piece + RESET)
        piece = colour
        width = 0
      }
      piece += segment
      width += cells
    }
  }
  return [...rows, piece]
}

/** The text, or its beginning and an ellipsis where it has more than `columns` cells. It has no colours. */
export const cut = (text: string, columns: number): string =>
  stringWidth(text) <= columns ? text : `${slices(text, Math.max(1, columns - 1))[0]}…`

const INDENT = "    "
const HANGING = 2
/** Cells for the text beside its head; with less, the text goes below it. */
const MIN_TEXT = 20

const wrapLine = (text: string, columns: number): ReadonlyArray<string> => {
  if (stringWidth(text) <= columns) return [text]
  const lead = LEAD.exec(text)![0]
  // A row of a list has no star: what is left of it stands further in than the row after it does.
  const blanks = " ".repeat(stringWidth(lead) + (/^ [^*]*$/.test(lead) ? HANGING : 0))
  if (columns - blanks.length < MIN_TEXT) return [text]
  // An alarm has its mark before every row.
  const begun = (colour: string) =>
    lead.includes(ALARM) ? colour + ALARM + blanks.slice(ALARM.length) : blanks + colour
  const rows: Array<string> = []
  let row = lead
  let width = stringWidth(lead)
  let isEmpty = true
  for (const word of text.slice(lead.length).match(WORDS) ?? []) {
    if (width + stringWidth(word.trimEnd()) > columns && !isEmpty) {
      // Each row is drawn by itself: a colour that goes on begins anew.
      const colour = colourAfter(row)
      rows.push(colour === "" ? row.trimEnd() : `${row.trimEnd()}${RESET}`)
      row = begun(colour)
      width = blanks.length
    }
    row += word
    width += stringWidth(word)
    isEmpty = false
  }
  return [...rows, row]
}

/** The colours that are on behind a text. */
const colourAfter = (text: string): string =>
  (text.match(COLOUR) ?? []).reduce((on, colour) => (colour === RESET ? "" : on + colour), "")

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them.
const COLOUR = /(\u001b\[[0-9;]*m)/g

/** What marks an alarm, blanks and stars before the first word, and the colours among them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them.
const LEAD = /^(?:\u001b\[[0-9;]*m)*(?:!!)?(?:[* ]|\u001b\[[0-9;]*m)*/
/** Before what nobody may overlook. */
const ALARM = "!!"
/** Words, each with the blanks behind it. A fingerprint is one: it is to be compared at a glance. */
const WORDS = /[^ ]*\d{5}(?: \d{5}){5}[^ ]* *|[^ ]+ */g

/** Rows of at most `room` cells, unless a single character is wider. */
const broken = (text: string, room: number): ReadonlyArray<string> => {
  // Every character of an ASCII text has one cell.
  if (text.length <= room && PLAIN.test(text)) return [text]
  const rows: Array<string> = []
  let row = ""
  let width = 0
  /** Where the last word of the row begins. */
  let word = 0
  for (const segment of charactersOf(text)) {
    const cells = stringWidth(segment)
    while (width + cells > room && row !== "") {
      // The blank at which the line is broken goes with the row that it would end.
      const cut = word > 0 && segment !== " " ? word : row.length
      rows.push(row.slice(0, cut).trimEnd())
      row = row.slice(cut)
      width = stringWidth(row)
      word = 0
    }
    if (segment === " " && row === "" && rows.length > 0) continue
    row += segment
    width += cells
    if (segment === " ") word = row.length
  }
  rows.push(row)
  return rows
}

const PLAIN = /^[\x20-\x7e]*$/
