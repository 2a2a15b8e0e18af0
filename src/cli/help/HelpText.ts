import { type Printed, wrap } from "../terminal/Wrap.js"

/**
 * The help that the command-line library writes, laid out for a screen of `columns` cells: commands as a table, a usage
 * that shows what must be given, lines broken between words, and without the lines that say the same under every
 * option. Any other text stays as it is.
 */
export const layOut = (text: string, columns: number): string => {
  if (!HELP.test(text)) return text
  const commands = [...text.matchAll(COMMAND)].map(([, name, meaning]) => ({ name: name!, meaning: meaning! }))
  const values = new Map([...text.matchAll(VALUE)].map(([, flag, value]) => [flag!, value!]))
  const lines = text
    // The program's name stands above its name and version once more.
    .slice(text.indexOf("\n"))
    .replace(COMMAND, "")
    .split("\n")
    .filter((line) => !BOILERPLATE.test(line))
    .map((line) => (line.startsWith("$ ") ? usage(line.slice(2), commands.length > 0, values) : line))
    .join("\n")
    .trim()
    .replace(/\n+(?= {2}\S)/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .split("\n")
  return [...lines, ...(commands.length > 0 ? table(commands) : [])].flatMap((line) => wrap(line, columns)).join("\n")
}

interface Command {
  readonly name: string
  readonly meaning: string
}

const table = (commands: ReadonlyArray<Command>): ReadonlyArray<Printed> => {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    "",
    ...commands.map(({ meaning, name }) => ({
      head: `  ${name.padEnd(width)}  `,
      lines: [meaning.replace(/\. Exit codes: .*/, "")]
    })),
    "",
    "parley COMMAND --help tells more of each."
  ]
}

/** What stands behind `$`: the command, the options that must be given with what they want, and the arguments. */
const usage = (line: string, hasCommands: boolean, values: ReadonlyMap<string, string>): string => {
  if (hasCommands) return `$ ${line} COMMAND [OPTIONS]`
  const [name, ...given] = line.replace(/ \[\(?-[^\]]*\]/g, "").split(" ")
  return ["$ parley", name, "[OPTIONS]", ...given.flatMap((word) => [word, values.get(word) ?? []].flat())].join(" ")
}

/** The beginning of help: the name, the name with the version, and how it is used. Colours may stand anywhere. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them.
const HELP = /^(?:\u001b\[[0-9;]*m)*parley(?:\u001b\[[0-9;]*m)*\n\nparley \d[^\n]*\n\n(?:\u001b\[[0-9;]*m)*USAGE/
/** A row of the table of commands: its name, its usage, and what it does. */
const COMMAND = /^ {2}- (\S+) .* {2,}(\S.*)\n*/gm
/** An option and what it wants. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them.
const VALUE = /^(?:\u001b\[[0-9;]*m)*(--[a-z-]+) ([^\s\u001b]+)(?:\u001b\[[0-9;]*m)*$/gm
const BOILERPLATE =
  /^\s*(A user-defined piece of text\.|A true or false value\.|One of the following: .*|This option can be set from environment variables\.|This setting is optional\.|This argument may be repeated zero or more times\.)\s*$/
