import type { Action } from "./View.js"

/** What a person did at the keyboard. */
export type Key =
  | { readonly _tag: "Text"; readonly text: string }
  /** Pasted at once (bracketed paste), so line breaks in it do not submit. */
  | { readonly _tag: "Paste"; readonly text: string }
  /** More was pasted than `MAX_PASTE`: `length` characters, none of which are kept. */
  | { readonly _tag: "Overlong"; readonly length: number }
  | { readonly _tag: "Press"; readonly name: KeyName }
  /** A key that has nothing to do with the line. */
  | { readonly _tag: "Ask"; readonly action: Action }

export type KeyName =
  | "enter"
  | "newline"
  | "tab"
  | "backspace"
  | "delete"
  | "left"
  | "right"
  | "up"
  | "down"
  | "home"
  | "end"
  | "wordLeft"
  | "wordRight"
  | "killWordLeft"
  | "killWordRight"
  | "killLine"
  | "killToEnd"
  | "yank"
  | "redraw"
  | "interrupt"
  | "suspend"
  | "endOfInput"

/**
 * Decodes the bytes of a terminal in raw mode (ECMA-48 and xterm's control sequences). Sequences and characters may be
 * split over chunks anywhere; what is unknown is swallowed whole, so that its tail is never taken for text. Holds at
 * most `MAX_PASTE` characters.
 */
export class KeyDecoder {
  readonly #decoder = new TextDecoder()
  #pending = ""
  /** What has been pasted so far, while a paste is going on; its beginning when it is too long. */
  #paste: string | undefined
  /** Characters of it in all. */
  #pasted = 0

  /** Whether a paste has begun that has not ended. */
  get isPasting(): boolean {
    return this.#paste !== undefined
  }

  /**
   * Ends a paste whose end mark was lost on the way, which the caller takes for granted when nothing has come for a
   * while; else it would swallow every key from then on.
   */
  endPaste(): ReadonlyArray<Key> {
    const keys: Array<Key> = []
    if (this.#paste !== undefined) this.#finishPaste(keys)
    this.#pending = ""
    return keys
  }

  push(chunk: Uint8Array): ReadonlyArray<Key> {
    // Somebody presses Ctrl-C to get out of a paste without an end: terminals do not paste it, least of all alone.
    if (this.isPasting && chunk.length === 1 && chunk[0] === INTERRUPT) return [...this.endPaste()]
    let input = this.#pending + this.#decoder.decode(chunk, { stream: true })
    this.#pending = ""
    const keys: Array<Key> = []
    while (input !== "") {
      const rest = this.#paste === undefined ? this.#next(input, keys) : this.#continuePaste(input, keys)
      if (rest === undefined) {
        this.#pending = input.length <= MAX_PENDING ? input : ""
        break
      }
      input = rest
    }
    return keys
  }

  /** The input after its first key; `undefined` when that key is not complete yet. */
  #next(input: string, keys: Array<Key>): string | undefined {
    const text = TEXT.exec(input)
    if (text !== null) {
      keys.push({ _tag: "Text", text: text[0] })
      return input.slice(text[0].length)
    }
    if (input[0] !== ESCAPE) {
      press(keys, CONTROLS[input[0]!])
      return input.slice(1)
    }
    if (INCOMPLETE.test(input)) return undefined
    if (input.startsWith(PASTE_START)) {
      this.#paste = ""
      return input.slice(PASTE_START.length)
    }
    const sequence = SEQUENCE.exec(input)
    if (sequence === null) return input.slice(1)
    const action = actionOf(sequence[0].slice(1))
    if (action !== undefined) keys.push({ _tag: "Ask", action })
    else press(keys, SEQUENCES[sequence[0].slice(1)])
    return input.slice(sequence[0].length)
  }

  #continuePaste(input: string, keys: Array<Key>): string | undefined {
    const end = input.indexOf(PASTE_END)
    // The end mark may be cut: its possible beginning waits for the next chunk.
    const cut = end === -1 ? startOf(PASTE_END, input) : end
    this.#pasted += cut
    this.#paste = `${this.#paste}${input.slice(0, cut)}`.slice(0, MAX_PASTE)
    if (end === -1) return cut === input.length ? "" : this.#keep(input.slice(cut))
    this.#finishPaste(keys)
    return input.slice(end + PASTE_END.length)
  }

  #finishPaste(keys: Array<Key>): void {
    if (this.#pasted > MAX_PASTE) keys.push({ _tag: "Overlong", length: this.#pasted })
    else keys.push({ _tag: "Paste", text: this.#paste!.replace(/\r\n?/g, "\n") })
    this.#paste = undefined
    this.#pasted = 0
  }

  #keep(rest: string): "" {
    this.#pending = rest
    return ""
  }
}

/** A message has at most 64 KiB; more text than that cannot be sent anyway. */
export const MAX_PASTE = 64 * 1024
/** No control sequence of a terminal is longer; a longer one is noise on the line. */
const MAX_PENDING = 64

const ESCAPE = "\u001b"
/** Ctrl-C as a byte. */
const INTERRUPT = 3
const PASTE_START = "\u001b[200~"
const PASTE_END = "\u001b[201~"

const TEXT = /^[^\p{Cc}]+/u
/** CSI with parameters and a final byte, SS3, or Escape and a character (Alt). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the sequences' own characters.
const SEQUENCE = /^\u001b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^[O])/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the sequences' own characters.
const INCOMPLETE = /^\u001b(?:\[[0-?]*[ -/]*|O)?$/u

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
  "\u0015": "killLine",
  "\u0017": "killWordLeft",
  "\u0019": "yank",
  "\u001a": "suspend"
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
  "[1;5C": "wordRight",
  "[1;5D": "wordLeft",
  "[1;3C": "wordRight",
  "[1;3D": "wordLeft",
  "[3;5~": "killWordRight",
  f: "wordRight",
  b: "wordLeft",
  d: "killWordRight",
  "\u007f": "killWordLeft",
  "\b": "killWordLeft",
  "\r": "newline",
  "\n": "newline"
}

/** Alt and a digit, Alt-A, and the keys that turn pages. */
const actionOf = (sequence: string): Action | undefined => {
  if (/^[1-9]$/.test(sequence)) return { _tag: "Switch", number: Number(sequence) }
  return ACTIONS[sequence]
}

const ACTIONS: Readonly<Record<string, Action>> = {
  a: { _tag: "NextUnread" },
  "[5~": { _tag: "Page", direction: "up" },
  "[6~": { _tag: "Page", direction: "down" }
}

const press = (keys: Array<Key>, name: KeyName | undefined) => {
  if (name !== undefined) keys.push({ _tag: "Press", name })
}

/** Where a beginning of `mark` starts at the end of `text`; its length when there is none. */
const startOf = (mark: string, text: string): number => {
  for (let at = Math.max(0, text.length - mark.length + 1); at < text.length; at++)
    if (mark.startsWith(text.slice(at))) return at
  return text.length
}
