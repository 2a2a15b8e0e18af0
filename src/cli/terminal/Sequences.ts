import type { Answer, Key, KeyName } from "./Key.js"
import type { Action } from "./View.js"

/** What the sequences of terminals mean; `undefined` for those that mean nothing here. */

/** Of a control character by itself. */
export const ofControl = (character: string): Key | undefined => press(CONTROLS[character])

/** Of what stands behind Escape, whole. */
export const ofEscape = (sequence: string): Key | undefined => {
  const action = actionOf(sequence)
  if (action !== undefined) return { _tag: "Ask", action }
  const name = SEQUENCES[sequence]
  if (name !== undefined) return press(name)
  return sequence.startsWith("[") ? ofControlSequence(sequence.slice(1)) : undefined
}

/** Of the content of a control string, its kind first. */
export const ofString = (content: string): Answer | undefined => {
  const colour = /^\]11;rgba?:([0-9a-f]{1,4})\/([0-9a-f]{1,4})\/([0-9a-f]{1,4})/i.exec(content)
  if (colour !== null) return { _tag: "Background", brightness: brightness(colour.slice(1, 4)) }
  const name = /^P>\|([ -~]{1,64})/.exec(content)?.[1]
  return name === undefined ? undefined : { _tag: "Name", name }
}

/** Of what stands behind CSI. */
const ofControlSequence = (sequence: string): Key | undefined => {
  const position = /^(\d{1,5});(\d{1,5})R$/.exec(sequence)
  if (position !== null) {
    const [row, column] = [Number(position[1]) - 1, Number(position[2]) - 1]
    return { _tag: "Answer", answer: { _tag: "Position", row, column } }
  }
  if (/^\?[\d;]*c$/.test(sequence)) return { _tag: "Answer", answer: { _tag: "Attributes" } }
  if (sequence === "I" || sequence === "O") return { _tag: "Answer", answer: { _tag: "Focus", has: sequence === "I" } }
  const wheel = /^<(6[45]);\d+;\d+M$/.exec(sequence)?.[1]
  if (wheel !== undefined) return { _tag: "Ask", action: { _tag: "Scroll", direction: wheel === "64" ? "up" : "down" } }
  return modified(sequence) ?? withModifiers(sequence)
}

/** The keys of the cursor with modifiers, which make them go by words. */
const withModifiers = (sequence: string): Key | undefined => {
  const [, number, modifiers, final] = /^(\d+);(\d+)([A-DFH~])$/.exec(sequence) ?? []
  if (final === undefined) return undefined
  const byWord = (Number(modifiers) - 1) & (ALT | CONTROL)
  if (final === "~") return byWord && number === "3" ? press("killWordRight") : ofEscape(`[${number}~`)
  if (byWord && final === "C") return press("wordRight")
  if (byWord && final === "D") return press("wordLeft")
  return press(SEQUENCES[`[${final}`])
}

/** A key by its code point and modifiers: `CSI u` (fixterms, kitty), and xterm's modifyOtherKeys. */
const modified = (sequence: string): Key | undefined => {
  const found =
    /^(\d{1,7})(?::\d*)*(?:;(\d{1,3})(?::([123]))?)?(?:;[\d:]*)?u$/.exec(sequence) ??
    /^27;(?<modifiers>\d{1,3});(?<code>\d{1,7})~$/.exec(sequence)
  if (found === null) return undefined
  const code = Number(found.groups?.["code"] ?? found[1])
  const modifiers = Number(found.groups?.["modifiers"] ?? found[2] ?? 1) - 1
  // Keys that are released, and the private use area: functions that we have no use for.
  if (found[3] === "3" || code > 0x10ffff || (code >= 0xe000 && code <= 0xf8ff)) return undefined
  if (code === 13 && modifiers & (SHIFT | ALT | CONTROL)) return press("newline")
  const character = String.fromCodePoint(code)
  const isLetter = /^[a-z@[\\\]^_ ]$/i.test(character)
  if (modifiers & CONTROL && character === "/") return press("undo")
  const plain =
    modifiers & CONTROL && isLetter ? String.fromCharCode(character.toUpperCase().charCodeAt(0) & 0x1f) : character
  if (modifiers & ALT) return ofEscape(modifiers & SHIFT ? plain.toUpperCase() : plain)
  if (code === 27) return press("escape")
  if (/\p{Cc}/u.test(plain)) return ofControl(plain)
  if (modifiers & CONTROL) return undefined
  return { _tag: "Text", text: modifiers & SHIFT ? plain.toUpperCase() : plain }
}

const [SHIFT, ALT, CONTROL] = [1, 2, 4]

/** Alt and a digit, Alt-A, Alt-Shift-F, and the keys that turn pages. */
const actionOf = (sequence: string): Action | undefined =>
  /^[1-9]$/.test(sequence) ? { _tag: "Switch", number: Number(sequence) } : ACTIONS[sequence]

const ACTIONS: Readonly<Record<string, Action>> = {
  a: { _tag: "NextUnread" },
  F: { _tag: "Full" },
  "[5~": { _tag: "Page", direction: "up" },
  "[6~": { _tag: "Page", direction: "down" }
}

const CONTROLS: Readonly<Record<string, KeyName>> = {
  "\r": "enter",
  "\n": "enter",
  "\t": "tab",
  "\b": "backspace",
  "\u007f": "backspace",
  "\u0001": "home",
  "\u0002": "left",
  "\u0003": "interrupt",
  "\u0004": "endOfInput",
  "\u0005": "end",
  "\u0006": "right",
  "\u000b": "killToEnd",
  "\u000c": "redraw",
  "\u000e": "down",
  "\u0010": "up",
  "\u0012": "search",
  "\u0014": "transpose",
  "\u0015": "killLine",
  "\u0017": "killWordLeft",
  "\u0019": "yank",
  "\u001a": "suspend",
  "\u001f": "undo"
}

const SEQUENCES: Readonly<Record<string, KeyName>> = {
  "[A": "up",
  "[B": "down",
  "[C": "right",
  "[D": "left",
  OA: "up",
  OB: "down",
  OC: "right",
  OD: "left",
  "[H": "home",
  "[F": "end",
  OH: "home",
  OF: "end",
  "[1~": "home",
  "[7~": "home",
  "[4~": "end",
  "[8~": "end",
  "[3~": "delete",
  OM: "enter",
  f: "wordRight",
  b: "wordLeft",
  d: "killWordRight",
  u: "upperCase",
  l: "lowerCase",
  c: "capitalize",
  y: "yankPop",
  "\u007f": "killWordLeft",
  "\b": "killWordLeft",
  "\r": "newline",
  "\n": "newline"
}

const press = (name: KeyName | undefined): Key | undefined => (name === undefined ? undefined : { _tag: "Press", name })

/** How bright a colour looks, from 0 to 1; its parts are hexadecimal numbers of one to four digits. */
const brightness = (parts: ReadonlyArray<string>): number => {
  const [red, green, blue] = parts.map((part) => Number.parseInt(part, 16) / (16 ** part.length - 1))
  return (299 * red! + 587 * green! + 114 * blue!) / 1000
}
