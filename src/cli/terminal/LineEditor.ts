import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import type { Key, KeyName } from "./Keys.js"
import type { Action } from "./View.js"

/** What a key asked for beyond a change of the line. */
export type EditorAction =
  | { readonly _tag: "None" }
  | { readonly _tag: "Submit"; readonly text: string }
  /** Submitted like that, but more lines were pasted than can be meant by accident: `lines` in all. */
  | { readonly _tag: "Confirm"; readonly text: string; readonly lines: number }
  | { readonly _tag: "Complete" }
  | { readonly _tag: "Redraw" }
  /** The text, `length` characters, does not fit; nothing of it was taken. */
  | { readonly _tag: "Overlong"; readonly length: number }
  /** The key was none of the editor's. */
  | { readonly _tag: "Ask"; readonly action: Action }
  /** Ctrl-Z. */
  | { readonly _tag: "Suspend" }
  /** Ctrl-C. `empty`: there was nothing to clear. */
  | { readonly _tag: "Interrupt"; readonly empty: boolean }
  /** Ctrl-D on an empty line. */
  | { readonly _tag: "EndOfInput" }

/**
 * The line being typed, in the manner of readline: it moves and deletes by what a reader takes for one character
 * (extended grapheme clusters, UAX #29), keeps a history, and gives back what was killed last. Pure: it knows no
 * screen.
 */
export class LineEditor {
  /** The text on either side of the cursor. */
  before = ""
  after = ""

  readonly #history: Array<string> = []
  /** Position in the history; at its length, the line being written. */
  #at = 0
  #draft = ""
  #killed = ""
  /** Many lines of the text were pasted at once. */
  #pasted = false

  get text(): string {
    return this.before + this.after
  }

  handle(key: Key): EditorAction {
    if (key._tag === "Overlong" || key._tag === "Ask") return key
    if (key._tag !== "Press") {
      if (!this.insert(key.text)) return { _tag: "Overlong", length: this.text.length + key.text.length }
      if (key._tag === "Paste" && countLines(key.text) > MAX_UNASKED) this.#pasted = true
      return NONE
    }
    switch (key.name) {
      case "enter":
        return this.#submit()
      case "tab":
        return { _tag: "Complete" }
      case "redraw":
        return { _tag: "Redraw" }
      case "suspend":
        return { _tag: "Suspend" }
      case "interrupt": {
        const empty = this.text === ""
        this.set("")
        this.#at = this.#history.length
        return { _tag: "Interrupt", empty }
      }
      case "endOfInput":
        if (this.text === "") return { _tag: "EndOfInput" }
        this.#edit("delete")
        return NONE
      default:
        this.#edit(key.name)
        return NONE
    }
  }

  /** Puts text in at the cursor, its control characters left out: all of it, or nothing where it does not fit. */
  insert(text: string): boolean {
    const printable = text.replace(/\t/g, "    ").replace(/(?!\n)\p{Cc}/gu, "")
    if (this.text.length + printable.length > MAX_TEXT) return false
    this.before += printable
    return true
  }

  /** Replaces the line; the cursor goes to its end. */
  set(text: string): void {
    this.before = text
    this.after = ""
    this.#pasted = false
  }

  #submit(): EditorAction {
    const { text } = this
    const pasted = this.#pasted
    const lines = countLines(text)
    this.set("")
    if (text.trim() !== "" && this.#history.at(-1) !== text) {
      this.#history.push(text)
      if (this.#history.length > MAX_HISTORY) this.#history.shift()
    }
    this.#at = this.#history.length
    return pasted && lines > MAX_UNASKED ? { _tag: "Confirm", text, lines } : { _tag: "Submit", text }
  }

  #edit(name: KeyName): void {
    const { before, after } = this
    switch (name) {
      case "left":
        this.#move(before.length - lastCharacter(before))
        return
      case "right":
        this.#move(before.length + firstCharacter(after))
        return
      case "wordLeft":
        this.#move(before.length - lastWord(before))
        return
      case "wordRight":
        this.#move(before.length + firstWord(after))
        return
      case "home":
        this.#move(0)
        return
      case "end":
        this.#move(this.text.length)
        return
      case "up":
        this.#recall(this.#at - 1)
        return
      case "down":
        this.#recall(this.#at + 1)
        return
      case "newline":
        this.insert("\n")
        return
      case "yank":
        this.insert(this.#killed)
        return
      case "backspace":
        this.before = before.slice(0, before.length - lastCharacter(before))
        return
      case "delete":
        this.after = after.slice(firstCharacter(after))
        return
      case "killWordLeft":
        this.#kill(before.length - lastWord(before), before.length)
        return
      case "killWordRight":
        this.#kill(before.length, before.length + firstWord(after))
        return
      case "killLine":
        this.#kill(0, before.length)
        return
      case "killToEnd":
        this.#kill(before.length, this.text.length)
        return
    }
  }

  #move(to: number): void {
    const text = this.text
    this.before = text.slice(0, to)
    this.after = text.slice(to)
  }

  #kill(from: number, to: number): void {
    const text = this.text
    if (from === to) return
    this.#killed = text.slice(from, to)
    this.before = text.slice(0, from)
    this.after = text.slice(to)
  }

  #recall(to: number): void {
    if (to < 0 || to > this.#history.length) return
    if (this.#at === this.#history.length) this.#draft = this.text
    this.#at = to
    this.set(this.#history[to] ?? this.#draft)
  }
}

/** The longest message, and the command and nickname before it. */
export const MAX_TEXT = MAX_MESSAGE + 1024
/** As many as a person finds by pressing "up". */
export const MAX_HISTORY = 500

/** Lines that may be pasted and sent without a question: a quotation; more is a wrong clipboard as often as not. */
const MAX_UNASKED = 5

const countLines = (text: string): number => text.replace(/\n+$/, "").split("\n").length

const NONE: EditorAction = { _tag: "None" }

const graphemes = new Intl.Segmenter()
/** Code units in which the border of a character is looked for; clusters of people's text are far shorter. */
const WINDOW = 128

const lastCharacter = (text: string): number => {
  let last = 0
  for (const { segment } of graphemes.segment(text.slice(-WINDOW))) last = segment.length
  return last
}

const firstCharacter = (text: string): number => {
  for (const { segment } of graphemes.segment(text.slice(0, WINDOW))) return segment.length
  return 0
}

/** Code units in which the border of a word is looked for, as the search takes quadratic time. */
const WORD_WINDOW = 512

const firstWord = (text: string): number =>
  /^[^\p{L}\p{N}]*[\p{L}\p{N}\p{M}]*/u.exec(text.slice(0, WORD_WINDOW))![0].length
const lastWord = (text: string): number =>
  /[\p{L}\p{N}\p{M}]*[^\p{L}\p{N}]*$/u.exec(text.slice(-WORD_WINDOW))![0].length
