import stringWidth from "string-width"
import { charactersOf } from "../Graphemes.js"

/** Amounts of a file transfer as people read them. */

/** Decimal units, three digits at most: `999 B`, `1.2 kB`, `45 MB`. */
export const size = (bytes: number): string => {
  let amount = bytes
  let unit = 0
  // What would be rounded up to four digits belongs to the next unit.
  while (amount >= (unit === 0 ? 1_000 : 999.5) && unit < UNITS.length - 1) {
    amount /= 1_000
    unit++
  }
  return `${unit > 0 && amount < 9.95 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"]

/** `m:ss` or `h:mm:ss`; empty while it cannot be told. */
export const timeLeft = (bytes: number, rate: number): string => {
  if (rate <= 0) return ""
  const seconds = Math.ceil(bytes / rate)
  if (seconds >= MAX_SECONDS) return ""
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60]
  const two = (value: number) => String(value).padStart(2, "0")
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

/** The same in words, for sentences: `5 minutes`. */
export const about = (seconds: number): string => {
  const [amount, unit] =
    seconds < 90 ? [seconds, "second"] : seconds < 5_400 ? [seconds / 60, "minute"] : [seconds / 3_600, "hour"]
  const rounded = Math.max(1, Math.round(amount))
  return `${rounded} ${unit}${rounded === 1 ? "" : "s"}`
}

/** Four days: beyond it a forecast means nothing. */
const MAX_SECONDS = 4 * 86_400

/** The text in at most `cells` cells, an ellipsis for what does not fit. */
export const fit = (text: string, cells: number): string => {
  if (stringWidth(text) <= cells) return text
  let shown = ""
  let width = 0
  for (const segment of charactersOf(text)) {
    width += stringWidth(segment)
    if (width > cells - 1) break
    shown += segment
  }
  return cells < 1 ? "" : `${shown}…`
}
