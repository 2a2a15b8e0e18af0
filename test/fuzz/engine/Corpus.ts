import { existsSync, readFileSync, writeFileSync } from "node:fs"

/**
 * A corpus as a text: an input a line, so that a change of it can be read. Printable ASCII stands as it is behind a
 * `'`, anything else in base64 behind a `=`. A line with `#` says of which fault the next input is.
 */
export const parse = (text: string): ReadonlyArray<Uint8Array> =>
  text.split("\n").flatMap((line) => {
    if (line[0] === "'") return [new Uint8Array(Buffer.from(line.slice(1), "latin1"))]
    return line[0] === "=" ? [new Uint8Array(Buffer.from(line.slice(1), "base64"))] : []
  })

/** One input as a line, without its end. */
export const lineOf = (input: Uint8Array): string => {
  const bytes = Buffer.from(input)
  const text = bytes.toString("latin1")
  return /^[\x20-\x7e]*$/.test(text) ? `'${text}` : `=${bytes.toString("base64")}`
}

/** No corpus is an empty one. */
export const read = (file: string): ReadonlyArray<Uint8Array> =>
  existsSync(file) ? parse(readFileSync(file, "utf8")) : []

/** Replaces the inputs that were found, and keeps those that tell of a fault. */
export const write = (file: string, inputs: ReadonlyArray<Uint8Array>): void => {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : []
  const faults = lines.flatMap((line, at) => (line.startsWith("#") ? [line, lines[at + 1] ?? ""] : []))
  const found = inputs.map(lineOf).filter((line) => !faults.includes(line))
  writeFileSync(file, `${[...faults, ...found].join("\n")}\n`)
}
