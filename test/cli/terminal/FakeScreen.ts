import stringWidth from "string-width"

/**
 * A terminal's screen as a model for tests: characters with width, pending wrap at the right edge, CR, LF, and the
 * control sequences that the program uses. Everything else that is not text fails the test.
 */
export class FakeScreen {
  readonly lines: Array<Array<string>> = [[]]
  private row = 0
  private column = 0

  constructor(private readonly columns: number) {}

  write(output: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal obeys.
    const pattern = /\u001b\[(\??[0-9;]*)([A-Za-z])|(\r)|(\n)|(\P{Cc})/gsuy
    while (pattern.lastIndex < output.length) {
      const at = pattern.lastIndex
      const match = pattern.exec(output)
      if (match === null) throw new Error(`unexpected control character: ${JSON.stringify(output.slice(at, at + 12))}`)
      if (match[2] !== undefined) this.control(match[1]!, match[2])
      else if (match[3] !== undefined) this.column = 0
      else if (match[4] !== undefined) this.down()
      else this.put(match[5]!)
    }
  }

  /** Rows without trailing blanks; trailing empty rows are left out. */
  text(): ReadonlyArray<string> {
    const rows = this.lines.map((cells) =>
      cells
        .map((cell) => cell ?? " ")
        .join("")
        .trimEnd()
    )
    while (rows.length > 0 && rows.at(-1) === "") rows.pop()
    return rows
  }

  get cursor(): readonly [row: number, column: number] {
    return [this.row, this.column]
  }

  private put(character: string): void {
    const width = stringWidth(character)
    if (this.column + width > this.columns) {
      this.column = 0
      this.down()
    }
    const line = this.lines[this.row]!
    while (line.length < this.column) line.push(" ")
    if (width === 0) {
      line[this.column - 1] += character
      return
    }
    line[this.column] = character
    if (width === 2) line[this.column + 1] = ""
    this.column += width
  }

  private down(): void {
    this.row++
    if (this.lines.length === this.row) this.lines.push([])
  }

  private control(parameters: string, final: string): void {
    const count = Number(parameters || "1")
    if (final === "A") {
      if (this.row - count < 0) throw new Error("moved above the screen")
      this.row -= count
    } else if (final === "C") this.column = Math.min(this.columns - 1, this.column + count)
    else if (final === "J") {
      this.lines.length = this.row + 1
      this.lines[this.row]!.length = Math.min(this.column, this.lines[this.row]!.length)
    } else if (final !== "m" && final !== "h" && final !== "l")
      throw new Error(`unexpected sequence ${parameters}${final}`)
  }
}
