/** Rows of figures, printed as Markdown when all are there. */
export class Table {
  private readonly rows: Array<ReadonlyArray<string>> = []

  constructor(
    private readonly title: string,
    private readonly columns: ReadonlyArray<string>
  ) {}

  /** Numbers are milliseconds. */
  add(...cells: ReadonlyArray<string | number>): void {
    this.rows.push(cells.map((cell) => (typeof cell === "number" ? `${Math.round(cell)} ms` : cell)))
  }

  print(): void {
    const rows = [this.columns, this.columns.map(() => "---"), ...this.rows]
    const widths = this.columns.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)))
    const lines = rows.map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`)
    process.stdout.write(`\n${this.title}\n\n${lines.join("\n")}\n`)
  }
}
