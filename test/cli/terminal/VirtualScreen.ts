import xterm from "@xterm/headless"

/**
 * A real terminal's screen without glass (xterm.js): rows, scrollback, cursor, and what becomes of rows when it is
 * resized.
 */
export class VirtualScreen {
  readonly #terminal: xterm.Terminal
  /** What the terminal answers to what asks it. */
  answers = ""

  constructor(columns: number, rows: number, reflow: "all" | "notCursor" | "none" = "all") {
    this.#terminal = new xterm.Terminal({
      allowProposedApi: true,
      cols: columns,
      rows,
      scrollback: 10_000,
      reflowCursorLine: reflow === "all",
      // The consoles of old Windows do not wrap anew, so xterm.js does not either.
      ...(reflow === "none" ? { windowsPty: { backend: "conpty", buildNumber: 19_000 } as const } : {})
    })
    this.#terminal.onData((data) => {
      this.answers += data
    })
  }

  write(output: string): void {
    // The public way is done a turn later, which properties cannot wait for.
    const { _core } = this.#terminal as unknown as Core
    _core._inputHandler.parse(output)
  }

  /** What is set on it. */
  modes() {
    const { bracketedPasteMode, mouseTrackingMode, sendFocusMode } = this.#terminal.modes
    const alternate = this.#terminal.buffer.active.type === "alternate"
    return { paste: bracketedPasteMode, focus: sendFocusMode, mouse: mouseTrackingMode, alternate }
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows)
  }

  /** All rows, those of the scrollback first, without trailing blanks; trailing empty rows are left out. */
  text(): ReadonlyArray<string> {
    const rows = this.#rows(0)
    while (rows.length > 0 && rows.at(-1) === "") rows.pop()
    return rows
  }

  /** The rows that are seen now. */
  seen(): ReadonlyArray<string> {
    return this.#rows(this.#buffer.baseY)
  }

  /** Where the cursor is, counted from the first row of the scrollback. */
  get cursor(): readonly [row: number, column: number] {
    return [this.#buffer.baseY + this.#buffer.cursorY, this.#buffer.cursorX]
  }

  /** The same counted from the first row of the screen. */
  get position(): { readonly row: number; readonly column: number } {
    return { row: this.#buffer.cursorY, column: Math.min(this.#buffer.cursorX, this.#terminal.cols - 1) }
  }

  get #buffer() {
    return this.#terminal.buffer.active
  }

  #rows(from: number): Array<string> {
    return Array.from(
      { length: this.#buffer.length - from },
      (_, row) =>
        this.#buffer
          .getLine(from + row)
          ?.translateToString(true)
          .trimEnd() ?? ""
    )
  }
}

interface Core {
  readonly _core: { readonly _inputHandler: { readonly parse: (data: string) => void } }
}
