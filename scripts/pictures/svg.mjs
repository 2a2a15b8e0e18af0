// @ts-check
// A terminal's screen as SVG: each run of cells of one style is a text of exactly their width, so that columns stand
// under each other whatever font there is. Readable on dark and on light pages, whose ground it takes.
import { Buffer } from "node:buffer"
import xterm from "@xterm/headless"

/**
 * @typedef {{ text: string, at: number, cells: number, style: string, color: string | undefined }} Run
 * @typedef {ReadonlyArray<ReadonlyArray<Run>>} Screen
 */

/**
 * What stands on a screen on which `output` was written.
 *
 * @param {string} output
 * @param {{ columns: number, rows: number }} size
 * @returns {Promise<Screen>}
 */
export const screenOf = async (output, { columns, rows }) => {
  const terminal = new xterm.Terminal({ allowProposedApi: true, cols: columns, rows, convertEol: true })
  await new Promise((done) => terminal.write(output, () => done(undefined)))
  const buffer = terminal.buffer.active
  return Array.from({ length: rows }, (_, row) => runsOf(buffer.getLine(buffer.baseY + row), columns))
}

/** @type {(line: import("@xterm/headless").IBufferLine | undefined, columns: number) => Array<Run>} */
const runsOf = (line, columns) => {
  /** @type {Array<Run>} */
  const runs = []
  for (let at = 0; at < columns; at++) {
    const cell = line?.getCell(at)
    if (cell === undefined || cell.getWidth() === 0) continue
    const text = cell.getChars() || " "
    const style = `${cell.isBold() ? "b " : ""}${cell.isDim() ? "d " : ""}`
    const color = colorOf(cell)
    const last = runs.at(-1)
    const isPlain = cell.getWidth() === 1 && /^[ -~]$/.test(text)
    if (isPlain && last?.style === style && last.color === color && /^[ -~]+$/.test(last.text)) {
      last.text += text
      last.cells++
    } else runs.push({ text, at, cells: cell.getWidth(), style, color })
  }
  return runs.filter(({ text }) => text.trim() !== "")
}

/** @type {(cell: import("@xterm/headless").IBufferCell) => string | undefined} */
const colorOf = (cell) => {
  if (cell.isFgRGB()) return `#${cell.getFgColor().toString(16).padStart(6, "0")}`
  if (!cell.isFgPalette()) return undefined
  const index = cell.getFgColor()
  if (index < 16) return EIGHT[index % 8]
  if (index >= 232) return grey(8 + 10 * (index - 232))
  const [red, green, blue] = [36, 6, 1].map((by) => LEVELS[Math.floor((index - 16) / by) % 6] ?? 0)
  return `#${Buffer.from([red ?? 0, green ?? 0, blue ?? 0]).toString("hex")}`
}

/** @type {(level: number) => string} */
const grey = (level) => `#${level.toString(16).padStart(2, "0").repeat(3)}`

/** xterm's cube. */
const LEVELS = [0, 95, 135, 175, 215, 255]
/** Of contrast 3 or more on both grounds. */
const EIGHT = ["#777777", "#d0423f", "#3f8f3f", "#a2762b", "#4876d6", "#b05fb5", "#2b8a94", "#888888"]

/**
 * A picture of screens that follow each other, each for so many seconds; one alone stands still.
 *
 * @param {string} title
 * @param {{ columns: number, rows: number }} size
 * @param {ReadonlyArray<{ screen: Screen, seconds: number }>} frames
 * @returns {string}
 */
export const draw = (title, { columns, rows }, frames) => {
  const width = round(columns * CELL + 2 * PAD)
  const height = rows * LINE + PAD + HEAD
  const total = frames.reduce((sum, { seconds }) => sum + seconds, 0)
  // What stands on several screens is there once.
  /** @type {Map<string, string>} */
  const rowsSeen = new Map()
  const group = (/** @type {string} */ attributes, /** @type {Screen} */ screen) => {
    const uses = screen.flatMap((runs, at) => {
      if (runs.length === 0) return []
      const row = runs.map(textOf).join("")
      const id = rowsSeen.get(row) ?? `r${rowsSeen.size}`
      rowsSeen.set(row, id)
      return [`<use href="#${id}" y="${HEAD + at * LINE}"/>`]
    })
    return `<g${attributes}>\n${uses.join("\n")}\n</g>`
  }
  let begins = 0
  const parts = frames.map(({ screen, seconds }, index) => {
    const from = begins
    begins += seconds
    if (frames.length === 1) return group("", screen)
    return group(` class="f f${index}"`, screen) + moment(index, from, begins, total)
  })
  const rowsOnce = [...rowsSeen].map(([row, id]) => `<g id="${id}">${row}</g>`).join("\n")
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"
 xml:space="preserve" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<style>
.g{fill:#16181d;stroke:#3a3f4a}
text{font:14px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#d8dbe2;white-space:pre}
.t{fill:#8b919e;text-anchor:middle;font-size:12px}.b{font-weight:bold}.d{opacity:.62}
.f{visibility:hidden;animation:${total}s steps(1) infinite}
@media (prefers-color-scheme:light){.g{fill:#fbfbfc;stroke:#c9ccd3}text{fill:#24272e}}
</style>
<rect class="g" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>
<text class="t" x="${width / 2}" y="19">${escaped(title)}</text>
<defs>
${rowsOnce}
</defs>
${parts.join("\n")}
</svg>
`
}

/** @type {(run: Run) => string} */
const textOf = ({ at, cells, color, style, text }) => {
  const kind = style.trim() === "" ? "" : ` class="${style.trim()}"`
  const fill = color === undefined ? "" : ` style="fill:${color}"`
  const place = `x="${round(PAD + at * CELL)}" y="13"${kind}${fill}`
  return `<text ${place} textLength="${round(cells * CELL)}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`
}

/** @type {(pixels: number) => number} */
const round = (pixels) => Math.round(10 * pixels) / 10

/** When a frame is seen. */
/** @type {(index: number, from: number, to: number, total: number) => string} */
const moment = (index, from, to, total) => {
  const at = (/** @type {number} */ seconds) => `${((100 * seconds) / total).toFixed(2)}%`
  const before = from === 0 ? "" : "0%{visibility:hidden}"
  const after = to >= total ? "" : `${at(to)}{visibility:hidden}`
  return `<style>@keyframes k${index}{${before}${at(from)}{visibility:visible}${after}}.f${index}{animation-name:k${index}}</style>`
}

/** @type {(text: string) => string} */
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** Pixels of a cell, of a row, and around the screen. */
const CELL = 8.4
const LINE = 18
const PAD = 14
const HEAD = 34
