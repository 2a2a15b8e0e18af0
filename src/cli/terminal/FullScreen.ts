import type { Terminal, TerminalSize } from "../../services/Terminal.js"
import { CLEAR, Frame } from "./Frame.js"
import { layOutFull } from "./FullLayout.js"
import * as Glyphs from "./Glyphs.js"
import type { InputView } from "./Layout.js"
import { Pane, type Seen } from "./Pane.js"
import type { View } from "./View.js"
import type { Printed } from "./Wrap.js"

/** What a full screen asks for each time that it is drawn. */
export interface FullPicture {
  readonly view: Pick<View, "conversation" | "dim" | "held" | "list" | "recent">
  /** What is typed, and the status above it. */
  readonly input: (columns: number) => InputView
  readonly terminal: Pick<Terminal["Type"], "unicode">
}

/** The terminal's other screen, which is ours alone: a conversation, the list of all, and what is typed. */
export class FullScreen {
  /** The normal screen may look otherwise than it was left. */
  isDisplaced = false
  readonly #picture: FullPicture
  readonly #frame = new Frame()
  /** What is printed outside of conversations. */
  readonly #lobby: Pane
  #pane: Pane
  #conversation: string
  /** The time before which things are older than all of the pane, in ms since 1970 UTC. */
  #since = 0
  /** What was printed here and is not on the normal screen yet. */
  #untold: Array<Printed> = []
  #size: TerminalSize | undefined
  #seen: Seen = { rows: [], below: 0, short: false }
  /** Rows that are wanted below those that are seen, by who has scrolled up further than there was something. */
  #goal = 0

  constructor(picture: FullPicture, lobby: Pane) {
    this.#picture = picture
    this.#lobby = lobby
    this.#pane = lobby
    this.#conversation = picture.view.conversation
    this.#begin()
  }

  /** Whether the person has turned to another conversation: what was printed before belongs to the one before. */
  get isElsewhere(): boolean {
    return this.#conversation !== this.#picture.view.conversation
  }

  /** Turns to the conversation that the person has turned to. */
  turn(): void {
    if (!this.isElsewhere) return
    this.#conversation = this.#picture.view.conversation
    this.#begin()
  }

  add(printed: ReadonlyArray<Printed>): void {
    this.#pane.add(printed)
    this.#untold.push(...printed)
    if (this.#untold.length > 2 * MAX_UNTOLD) this.#untold = this.#untold.slice(-MAX_UNTOLD)
  }

  /** What the normal screen has not shown, the newest of it. */
  get untold(): ReadonlyArray<Printed> {
    return this.#untold.slice(-MAX_UNTOLD)
  }

  /** By a page, or a turn of the wheel; gives whether older things are wanted. */
  scroll(by: "page" | "wheel", direction: "up" | "down"): boolean {
    // Two rows stay to go on from, and whoever sees few rows has seen no more.
    const rows = by === "page" ? Math.max(1, this.#seen.rows.length - 2) : WHEEL
    this.#pane.scroll(direction === "up" ? rows : -rows)
    this.#goal = this.#seen.below + rows
    return direction === "up"
  }

  toEnd(): void {
    this.#pane.toEnd()
  }

  /** What is to be looked for, if somebody scrolls up and there is nothing left to be seen. */
  get wanted(): { readonly conversation: string; readonly before: number } | undefined {
    const isWanted = this.#seen.short && !this.#pane.ends && this.#conversation !== ""
    return isWanted ? { conversation: this.#conversation, before: this.#since } : undefined
  }

  /** Takes what was found; `since` is the time of the oldest, `undefined` when nothing is older. */
  found(conversation: string, printed: ReadonlyArray<Printed>, since: number | undefined): void {
    if (conversation !== this.#conversation) return
    this.#pane.precede(printed, since === undefined)
    this.#since = since ?? this.#since
    this.#pane.scroll(Math.max(0, this.#goal - this.#seen.below))
  }

  /** Somebody else has written to the screen. */
  forget(): void {
    this.#size = undefined
  }

  draw(size: TerminalSize): string {
    this.turn()
    const { input, terminal, view } = this.#picture
    const { unicode } = terminal
    const typed = input(size.columns)
    const full = layOutFull(
      {
        list: view.list(),
        pane: this.#pane,
        last: (columns) => view.held(columns),
        input: unicode ? typed : Glyphs.asciiInput(typed),
        dim: view.dim,
        isAscii: !unicode
      },
      size
    )
    this.#seen = full.seen
    const isNew = this.#size?.columns !== size.columns || this.#size.rows !== size.rows
    this.#size = size
    if (isNew) this.#frame.forget()
    return `${isNew ? CLEAR : ""}${this.#frame.draw([], { rows: full.rows, cursor: full.cursor }, size)}`
  }

  /** The pane of this conversation, as far as it is remembered; outside of conversations, that of earlier. */
  #begin(): void {
    this.#pane = this.#conversation === "" ? this.#lobby : new Pane()
    if (this.#conversation === "") return
    const { printed, since } = this.#picture.view.recent()
    this.#pane.add(printed)
    this.#since = since
  }
}

/** Entries that the normal screen is told of afterwards: what it would have in its scrollback. */
const MAX_UNTOLD = 2000
/** Rows of a step of the wheel, as in most programs. */
const WHEEL = 3
