import { encode } from "uqr"
import { RESET } from "./Palette.js"

/**
 * A text as a QR code for a terminal, two rows of modules a line, with the quiet zone that readers need: `undefined`
 * where it is wider than `columns`. Digits alone make the smallest one: 60 of them take 29 columns and 15 lines.
 *
 * With `colors` it is black on white whatever the screen is. Without, the light modules are drawn, as most screens are
 * dark; readers take the other case as well.
 */
export const draw = (text: string, columns: number, colors: boolean): ReadonlyArray<string> | undefined => {
  const { data, size } = encode(text, { ecc: "L", border: QUIET_ZONE })
  if (size > columns) return undefined
  const isLight = (row: number, column: number) => data[row]?.[column] !== true
  const lines: Array<string> = []
  for (let row = 0; row < size; row += 2) {
    let line = ""
    for (let column = 0; column < size; column++)
      line += BLOCKS[isLight(row, column) ? 1 : 0]![isLight(row + 1, column) ? 1 : 0]!
    lines.push(colors ? `${WHITE_ON_BLACK}${line}${RESET}` : line)
  }
  return lines
}

/** By the upper and the lower module, dark or light. */
const BLOCKS = [
  [" ", "▄"],
  ["▀", "█"]
]

/**
 * Light modules around the code. ISO 18004 (§9.1) wants four; readers are content with two, and then the code has room
 * on a screen of 24 rows together with what is said about it.
 */
const QUIET_ZONE = 2
/** The light modules are drawn, so the foreground is the white one. */
const WHITE_ON_BLACK = "\u001b[97;40m"
