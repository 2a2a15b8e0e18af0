import type { InputLine } from "../../core/history/InputLines.js"
import { InputHistory } from "./InputHistory.js"
import { KillRing } from "./KillRing.js"
import { LineEditor } from "./LineEditor.js"

/**
 * One line editor for each conversation: what was typed for one person is never sent to another. What was begun for
 * nobody goes along where a line turns that was typed before it, as a `query` that waited for the server.
 */
export class Drafts {
  readonly #editors = new Map<string, LineEditor>()
  /** What was typed in earlier runs, by conversation. */
  #earlier = new Map<string, ReadonlyArray<string>>()
  /** What was killed in one place may be wanted in another. */
  readonly #kills = new KillRing()

  /** Whose editor was asked for last. */
  #current = NOBODY
  /** A line was typed before what stands in the draft. */
  #follows = false

  /** The editor of this conversation, which begins empty. */
  of(conversation: string): LineEditor {
    const found = this.#editors.get(conversation)
    const editor = found ?? new LineEditor(new InputHistory(this.#earlier.get(conversation)), this.#kills)
    // The map is kept in the order of use.
    this.#editors.delete(conversation)
    this.#editors.set(conversation, editor)
    if (this.#follows && this.#current === NOBODY && conversation !== NOBODY) {
      const begun = this.#editors.get(NOBODY)
      if (begun !== undefined && begun.text !== "" && editor.text === "") editor.goOnWith(begun)
    }
    this.#current = conversation
    if (this.#editors.size > MAX_DRAFTS) this.#forget(conversation)
    return editor
  }

  /** A line was typed, which may turn to somebody. */
  submitted(): void {
    this.#follows = true
  }

  /** A key turns to somebody, away from what was begun. */
  turned(): void {
    this.#follows = false
  }

  /** What was typed in earlier runs can be called back from now on. */
  precede(lines: ReadonlyArray<InputLine>): void {
    for (const { conversation, text } of lines)
      this.#earlier.set(conversation, [...(this.#earlier.get(conversation) ?? []), text])
    for (const [conversation, editor] of this.#editors) editor.history.precede(this.#earlier.get(conversation) ?? [])
  }

  /** Lets one go, an empty one if there is any: the longest unused. */
  #forget(except: string): void {
    const others = [...this.#editors].filter(([key]) => key !== except)
    const [key] = others.find(([, editor]) => editor.text === "") ?? others[0]!
    this.#editors.delete(key)
  }
}

/** The conversation while there is none. */
const NOBODY = ""

/** As many as there are conversations; with the longest drafts they hold some 16 MB. */
const MAX_DRAFTS = 257
