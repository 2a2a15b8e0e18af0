import { encode, GIVE_TITLE_BACK, type Signal, throughTmux } from "../../domain/TerminalSignal.js"

/** Signals for one terminal, and the title of ours that its window may have, which every end has to take back. */
export class Signals {
  #title: string | undefined

  constructor(
    private readonly isUnderstood: boolean,
    /** tmux keeps what it does not know; it has the bell and the title to itself. */
    private readonly isInTmux: boolean
  ) {}

  of(signal: Signal): string {
    if (!this.isUnderstood) return ""
    const sequence = encode(signal, this.#title !== undefined)
    if (signal._tag === "Title") this.#title = signal.text
    return this.isInTmux && signal._tag === "Notification" ? throughTmux(sequence) : sequence
  }

  /** What gives the window its title back, as long as the program does not go on. */
  get takenBack(): string {
    return this.#title === undefined ? "" : GIVE_TITLE_BACK
  }

  /** What gives it ours again. */
  get again(): string {
    return this.#title === undefined ? "" : encode({ _tag: "Title", text: this.#title }, false)
  }
}
