import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import { countCharacters, firstCharacter, firstCharacters, firstWord, lastCharacter, lastWord } from "./Characters.js"
import { InputHistory } from "./InputHistory.js"
import type { KeyName, Stroke } from "./Key.js"
import { KillRing } from "./KillRing.js"
import { Undo } from "./Undo.js"
import type { Action } from "./View.js"

/** What a key asked for beyond a change of the line. */
export type EditorAction =
  | { readonly _tag: "None" }
  /** The text is to be sent; it stays on the line until it is `accepted`. */
  | { readonly _tag: "Submit"; readonly text: string }
  /** Submitted like that, but more lines were pasted than can be meant by accident: `lines` in all. */
  | { readonly _tag: "Confirm"; readonly text: string; readonly lines: number }
  | { readonly _tag: "Complete" }
  | { readonly _tag: "Redraw" }
  /** The text, of so many bytes, does not fit; nothing of it was taken. */
  | { readonly _tag: "Overlong"; readonly bytes: number }
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
 * (extended grapheme clusters, UAX #29), takes changes back, keeps a history to search in, and gives back what was
 * killed. Pure: it knows no screen.
 */
export class LineEditor {
  /** The text on either side of the cursor. */
  before = ""
  after = ""

  readonly history: InputHistory
  readonly #kills: KillRing
  readonly #undo = new Undo()
  /**
   * Many lines were pasted at once, since a text was accepted: what is cleared, or gives way to another line, comes
   * back by many keys.
   */
  #pasted = false
  /** Some of the text was pasted, which may be a secret. */
  #hasPasted = false
  /** The last key, as some keys do something else after themselves. */
  #last: KeyName | "text" | undefined
  /** Of the yank that may be replaced: where it begins, and how many kills ago its text was. */
  #yanked = { from: 0, ago: 0 }
  /** The column that moving up and down keeps to. */
  #column: number | undefined
  #search: Search | undefined

  constructor(history = new InputHistory(), kills = new KillRing()) {
    this.history = history
    this.#kills = kills
  }

  get text(): string {
    return this.before + this.after
  }

  /** What is looked for in the history, while it is. */
  get searching(): { readonly words: string; readonly found: boolean } | undefined {
    return this.#search
  }

  handle(key: Stroke): EditorAction {
    if (this.#search !== undefined && this.#searches(key, this.#search)) return NONE
    if (key._tag === "Overlong" || key._tag === "Ask") return key
    const last = this.#last
    this.#last = key._tag === "Press" ? key.name : "text"
    if (key._tag === "Press") return this.#press(key.name, last)
    this.#undo.note(this, key._tag === "Text" && last === "text")
    if (!this.insert(key.text)) return { _tag: "Overlong", bytes: Buffer.byteLength(this.text + key.text) }
    if (key._tag === "Paste") this.#hasPasted = true
    if (key._tag === "Paste" && countLines(key.text) > MAX_UNASKED) this.#pasted = true
    return NONE
  }

  /** Puts text in at the cursor, its control characters left out: all of it, or nothing where it does not fit. */
  insert(text: string): boolean {
    const printable = text.replace(/\t/g, "    ").replace(/(?!\n)\p{Cc}/gu, "")
    if (this.text.length + printable.length > MAX_TEXT) return false
    this.before += printable
    return true
  }

  /** Whether all of the text was typed by hand: what was pasted may be somebody's password. */
  get isTyped(): boolean {
    return !this.#hasPasted
  }

  /** Replaces the line; the cursor goes to its end. */
  set(text: string): void {
    this.before = text
    this.after = ""
  }

  /** Goes on with what was begun in another line, which is empty then. */
  goOnWith(other: LineEditor): void {
    this.before = other.before
    this.after = other.after
    this.#pasted = other.#pasted
    this.#hasPasted = other.#hasPasted
    other.#empty()
  }

  /** The text was taken: it goes into the history, if that remembers it, and the line is empty. */
  accepted(): boolean {
    const { text } = this
    const isPasted = this.#hasPasted
    this.#empty()
    return this.history.add(text, isPasted)
  }

  #empty(): void {
    this.set("")
    this.#pasted = false
    this.#hasPasted = false
    this.#undo.clear()
  }

  #press(name: KeyName, last: KeyName | "text" | undefined): EditorAction {
    if (name !== "up" && name !== "down") this.#column = undefined
    switch (name) {
      case "enter":
        return this.#submit()
      case "tab":
        this.#undo.note(this)
        return { _tag: "Complete" }
      case "redraw":
        return { _tag: "Redraw" }
      case "suspend":
        return { _tag: "Suspend" }
      case "interrupt": {
        const empty = this.text === ""
        if (!empty) this.#undo.note(this)
        this.set("")
        this.history.reset()
        return { _tag: "Interrupt", empty }
      }
      case "endOfInput":
        if (this.text === "") return { _tag: "EndOfInput" }
        this.#change("delete", last)
        return NONE
      case "search":
        this.#search = {
          words: "",
          found: true,
          at: this.history.entries.length,
          before: this.before,
          after: this.after
        }
        return NONE
      default:
        if (!this.#move(name)) this.#change(name, last)
        return NONE
    }
  }

  #submit(): EditorAction {
    const { text } = this
    const lines = countLines(text)
    return this.#pasted && lines > MAX_UNASKED ? { _tag: "Confirm", text, lines } : { _tag: "Submit", text }
  }

  /** Whether the key only moved the cursor, or called another line. */
  #move(name: KeyName): boolean {
    const { after, before } = this
    switch (name) {
      case "left":
        return this.#goTo(before.length - lastCharacter(before))
      case "right":
        return this.#goTo(before.length + firstCharacter(after))
      case "wordLeft":
        return this.#goTo(before.length - lastWord(before))
      case "wordRight":
        return this.#goTo(before.length + firstWord(after))
      case "home":
        return this.#goTo(before.endsWith("\n") ? 0 : lineStart(before))
      case "end":
        return this.#goTo(after.startsWith("\n") ? this.text.length : before.length + lineEnd(after))
      case "up":
        return lineStart(before) > 0 ? this.#vertically(-1) : this.#recall(-1)
      case "down":
        return lineEnd(after) < after.length ? this.#vertically(1) : this.#recall(1)
      default:
        return false
    }
  }

  #change(name: KeyName, last: KeyName | "text" | undefined): void {
    if (name === "undo") this.#takeBack()
    if (name === "undo" || name === "escape") return
    this.#undo.note(this)
    if (isKill(name)) this.#kill(name, last)
    else if (name === "yank") this.#yank(this.before.length, 0)
    else if (name === "yankPop" && (last === "yank" || last === "yankPop"))
      this.#yank(this.#yanked.from, this.#yanked.ago + 1)
    else this.#edit(name)
  }

  #edit(name: KeyName): void {
    const { after, before } = this
    switch (name) {
      case "newline":
        this.insert("\n")
        return
      case "backspace":
        this.before = before.slice(0, before.length - lastCharacter(before))
        return
      case "delete":
        this.after = after.slice(firstCharacter(after))
        return
      case "transpose":
        this.#transpose()
        return
      case "upperCase":
      case "lowerCase":
      case "capitalize":
        this.#recase(CASES[name])
        return
    }
  }

  #goTo(to: number): true {
    const text = this.text
    this.before = text.slice(0, to)
    this.after = text.slice(to)
    return true
  }

  /** To the line above or below in a text of several lines. */
  #vertically(by: -1 | 1): true {
    const { after, before, text } = this
    const start = lineStart(before)
    this.#column ??= countCharacters(before.slice(start))
    const to = by < 0 ? lineStart(text.slice(0, start - 1)) : before.length + lineEnd(after) + 1
    const line = text.slice(to, to + lineEnd(text.slice(to)))
    return this.#goTo(to + firstCharacters(line, this.#column))
  }

  #recall(by: -1 | 1): true {
    const line = this.history.move(by, this.text)
    if (line !== undefined) this.#recalled(line)
    return true
  }

  #recalled(line: string): void {
    this.set(line)
    if (this.history.isPasted(line)) {
      this.#hasPasted = true
      this.#pasted = true
    }
    this.#undo.clear()
    this.#column = undefined
  }

  #takeBack(): void {
    let state = this.#undo.take()
    // What changed nothing is not worth a key.
    while (state?.before === this.before && state.after === this.after) state = this.#undo.take()
    if (state === undefined) return
    this.before = state.before
    this.after = state.after
  }

  #kill(name: KeyName, last: KeyName | "text" | undefined): void {
    const { after, before, text } = this
    const isLeft = name === "killWordLeft" || name === "killLine"
    const length =
      name === "killWordLeft"
        ? lastWord(before)
        : name === "killLine"
          ? before.length
          : name === "killWordRight"
            ? firstWord(after)
            : // At the end of a line, the break goes.
              lineEnd(after) || firstCharacter(after)
    if (length === 0) return
    const from = before.length - (isLeft ? length : 0)
    this.#kills.add(text.slice(from, from + length), { before: isLeft, joins: isKill(last) })
    this.before = text.slice(0, from)
    this.after = text.slice(from + length)
  }

  #yank(from: number, ago: number): void {
    const rest = this.before.slice(from)
    this.before = this.before.slice(0, from)
    // What was killed may have been pasted, here or in another conversation.
    this.#hasPasted = true
    this.#pasted = true
    if (this.insert(this.#kills.get(ago))) this.#yanked = { from, ago }
    else this.before += rest
  }

  /** The characters around the cursor change places; at the end, the last two. */
  #transpose(): void {
    const end = this.before.length + firstCharacter(this.after)
    const right = this.text.slice(0, end)
    const last = right.slice(right.length - lastCharacter(right))
    const rest = right.slice(0, right.length - last.length)
    const first = rest.slice(rest.length - lastCharacter(rest))
    if (first === "" || (this.after === "" && last === "")) return
    this.after = this.text.slice(end)
    this.before = rest.slice(0, rest.length - first.length) + last + first
  }

  #recase(change: (word: string) => string): void {
    const word = this.after.slice(0, firstWord(this.after))
    const changed = change(word)
    if (this.text.length - word.length + changed.length > MAX_TEXT) return
    this.before += changed
    this.after = this.after.slice(word.length)
  }

  /** Whether the key belonged to the search; others end it, and do what they do with the line that was found. */
  #searches(key: Stroke, search: Search): boolean {
    if (key._tag === "Text") {
      this.#look({ ...search, words: search.words + key.text.slice(0, MAX_WORDS) }, search.at + 1)
      return true
    }
    const name = key._tag === "Press" ? key.name : undefined
    if (name === "backspace") {
      const words = search.words.slice(0, search.words.length - lastCharacter(search.words))
      this.#look({ ...search, words }, this.history.entries.length)
      return true
    }
    if (name === "search") {
      this.#look(search, search.at)
      return true
    }
    this.#search = undefined
    if (name === "interrupt" || name === "escape") {
      this.before = search.before
      this.after = search.after
    }
    // Enter takes the line; another one sends it.
    return name === "interrupt" || name === "escape" || name === "enter"
  }

  #look(search: Search, end: number): void {
    const at = search.words === "" ? undefined : this.history.find(search.words, end)
    this.#search = { ...search, found: search.words === "" || at !== undefined, at: at ?? search.at }
    if (at !== undefined) this.#recalled(this.history.entries[at]!)
  }
}

/** The longest message, and the command and nickname before it. */
export const MAX_TEXT = MAX_MESSAGE + 1024

interface Search {
  readonly words: string
  readonly found: boolean
  /** The place of what was found last. */
  readonly at: number
  /** The line before the search. */
  readonly before: string
  readonly after: string
}

/** Lines that may be pasted and sent without a question: a quotation; more is a wrong clipboard as often as not. */
const MAX_UNASKED = 5
/** Characters at a time that are looked for: people type them. */
const MAX_WORDS = 100

const NONE: EditorAction = { _tag: "None" }

const countLines = (text: string): number => text.replace(/\n+$/, "").split("\n").length

/** Where the last line of a text begins. */
const lineStart = (text: string): number => text.lastIndexOf("\n") + 1

/** Where the first line of a text ends. */
const lineEnd = (text: string): number => (text.includes("\n") ? text.indexOf("\n") : text.length)

const isKill = (name: KeyName | "text" | undefined): boolean => name?.startsWith("kill") === true

const CASES = {
  upperCase: (word: string) => word.toUpperCase(),
  lowerCase: (word: string) => word.toLowerCase(),
  capitalize: (word: string) => word.toLowerCase().replace(/\p{L}/u, (letter) => letter.toUpperCase())
}
