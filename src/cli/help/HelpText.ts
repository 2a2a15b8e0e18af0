import { type Printed, wrap } from "../terminal/Wrap.js"
import type { ArgumentSurface, CommandSurface, OptionSurface, Surface } from "./Surface.js"

/** Where help is read. */
export interface Page {
  /** Cells of a line. */
  readonly columns: number
  /** Whether headings may stand out. */
  readonly colors: boolean
}

/** Help about the whole program. */
export const ofProgram = (surface: Surface, page: Page): string =>
  laidOut(
    [
      { rows: [`parley ${surface.version}. ${surface.help}`] },
      { rows: [`${bold("Usage:", page)} ${USAGE}`] },
      { title: "Commands", rows: surface.commands.flatMap(({ help, name }) => row(name, help, COMMAND_COLUMN)) },
      { title: "Options", rows: surface.alone.flatMap(optionRow) },
      { rows: ["parley help COMMAND tells more of each. To see what it is like: parley demo"] }
    ],
    page
  )

/** Help about one command. */
export const ofCommand = (surface: Surface, command: CommandSurface, page: Page): string => {
  const { examples, exits, help, options } = command
  const groups = new Set(options.flatMap(({ group }) => group ?? []))
  const below = (name: string | undefined) => options.filter(({ group }) => group === name).flatMap(optionRow)
  return laidOut(
    [
      { rows: [help] },
      { rows: [`${bold("Usage:", page)} ${usageOf(command)}`] },
      {
        title: "Arguments",
        rows: command.arguments.flatMap((argument) => row(argument.name, argument.help, OPTION_COLUMN))
      },
      { title: "Options", rows: below(undefined) },
      ...[...groups].map((title) => ({ title, rows: below(title) })),
      { title: "Options of every command", rows: surface.everywhere.flatMap(optionRow) },
      { title: "Examples", rows: examples.map((example) => `  ${example}`) },
      { title: "Exit codes", rows: exits.flatMap(({ code, meaning }) => row(String(code), meaning, CODE_COLUMN)) },
      { rows: options.some(({ variable }) => variable !== undefined) ? [SOURCES] : [] }
    ],
    page
  )
}

/** How the command is typed, on a line: what must be given there, and what may. */
export const usageOf = (command: CommandSurface): string => {
  const required = command.options.filter((option) => option.required === true && option.variable === undefined)
  return [
    "parley",
    command.name,
    "[OPTIONS]",
    ...required.map(({ flag, placeholder }) => `${flag} ${placeholder}`),
    ...command.arguments.map(argumentOf)
  ].join(" ")
}

export const USAGE = "parley COMMAND [OPTIONS]"

export const SOURCES =
  "What has a name in brackets can also come from that variable of the environment, or from the configuration file. parley config tells what is in force, and where it comes from."

interface Part {
  readonly title?: string
  /** Without any, the part is left out. */
  readonly rows: ReadonlyArray<Printed>
}

const laidOut = (parts: ReadonlyArray<Part>, page: Page): string =>
  parts
    .filter(({ rows }) => rows.length > 0)
    .map(({ rows, title }) =>
      [...(title === undefined ? [] : [bold(`${title}:`, page)]), ...rows]
        .flatMap((line) => wrap(line, page.columns))
        .join("\n")
    )
    .join("\n\n")

const bold = (text: string, { colors }: Page): string => (colors ? `\u001b[1m${text}\u001b[0m` : text)

const argumentOf = ({ name, repeated, required }: ArgumentSurface): string =>
  `${required ? name : `[${name}]`}${repeated ? "..." : ""}`

/** A row of a table with two columns; a name that is too wide for the first has a line of its own. */
const row = (name: string, meaning: string, width: number): ReadonlyArray<Printed> =>
  name.length + GAP > width
    ? [`  ${name}`, { head: " ".repeat(width), lines: [meaning] }]
    : [{ head: `  ${name}`.padEnd(width), lines: [meaning] }]

const optionRow = (option: OptionSurface): ReadonlyArray<Printed> => {
  const { alias, flag, placeholder } = option
  const names = `${alias === undefined ? "    " : `${alias}, `}${flag}${placeholder === undefined ? "" : ` ${placeholder}`}`
  return row(names, meaningOf(option), OPTION_COLUMN)
}

/** What it is for, its default, and what else it can be set by. */
export const meaningOf = ({ default: byDefault, help, variable }: OptionSurface): string =>
  `${help}${byDefault === undefined ? "" : ` (default: ${byDefault})`}${variable === undefined ? "" : ` [${variable}]`}`

/** Cells around a name. */
const GAP = 4
/** Cells of the first column: wide enough for all commands, and for most options. */
const COMMAND_COLUMN = 16
const OPTION_COLUMN = 28
const CODE_COLUMN = 8
