import * as SafeText from "../../../domain/SafeText.js"
import { nearest } from "../../Nearest.js"
import type { Palette } from "../Palette.js"
import * as Texts from "../Texts.js"
import { type Paragraph, type Printed, wrap } from "../Wrap.js"
import { fileCommands } from "./FileCommands.js"
import { groupCommands } from "./GroupCommands.js"
import { historyCommands } from "./HistoryCommands.js"
import { keyCommands } from "./KeyCommands.js"
import { peerCommands } from "./PeerCommands.js"
import { setCommands } from "./SetCommands.js"
import { talkCommands } from "./TalkCommands.js"
import { type Context, make, type Outcome, optionalWord, remark, type TerminalCommand } from "./TerminalCommand.js"

/** All commands, in the order of the help. */
const table: ReadonlyArray<TerminalCommand> = [
  ...talkCommands,
  ...groupCommands,
  ...historyCommands,
  ...fileCommands,
  ...keyCommands,
  ...peerCommands,
  ...setCommands,
  make({
    names: ["help", "?"],
    usage: "/help [COMMAND]",
    help: "all commands, or what there is to say of one",
    wants: "command",
    anonymous: true,
    parse: (argument) => optionalWord(argument.replace(/^\//, "")),
    run: ({ nick: name }, context) => {
      const { palette, ui } = context
      if (name === undefined) return ui.print([...help(palette), ...above(context)])
      const command = find(name)
      return command === undefined ? unknown(name, context) : ui.print(helpOf(command, palette))
    }
  })
]

/** The command of that name, in whatever case. */
export const find = (name: string): TerminalCommand | undefined =>
  table.find(({ names }) => names.includes(name.toLowerCase()))

/** The names of all commands, as they are typed behind a slash. */
export const names: ReadonlyArray<string> = table.map((command) => command.names[0])

/** All names that are words. */
const everyName = table.flatMap((command) => command.names.filter((name) => /^[a-z]+$/.test(name)))

/** The name that this one looks like, or that of what other programs call so. */
export const nearestName = (typed: string): string | undefined =>
  table.find(({ elsewhere }) => elsewhere?.includes(typed.toLowerCase()))?.names[0] ?? nearest(typed, everyName)

/** What people type without a slash where they know other programs, and then misspell. */
export const spoken: ReadonlyArray<string> = table
  .filter(({ bare, names }) => bare !== undefined || ["help", "msg", "quit"].includes(names[0]))
  .flatMap((command) => command.names.filter((name) => everyName.includes(name)))

/** Whether that is a word for the program wherever it stands alone, so that nobody can be called so. */
export const isSpoken = (word: string): boolean => spoken.includes(word.toLowerCase())

/** Says that there is no such command, and which one may be meant. */
export const unknown = (name: string, context: Context): Outcome => {
  const { palette } = context
  const near = nearestName(name)
  return remark(
    context,
    `there is no command ${SafeText.line(`/${name}`, MAX_NAME)}; ${
      near === undefined
        ? `${palette.bold("/help")} lists all`
        : `did you mean ${palette.bold(`/${near}`)}? ${palette.bold(`/help ${near}`)} tells of it`
    }`
  )
}

/** All commands and what they do. */
export const help = (palette: Palette): ReadonlyArray<Paragraph> =>
  Texts.help(
    [
      ...table.flatMap(({ help, usage }) => (help === undefined ? [] : [[usage, help] as const])),
      ["//text", "say what looks like a command; a leading space does the same"]
    ],
    palette
  )

/** Where the help is longer than the screen: how to see the rest. */
const above = ({ chat, palette, terminal }: Context): ReadonlyArray<string> => {
  const { columns, rows } = terminal.size()
  const length = help(palette).reduce((sum, row) => sum + wrap(row, columns).length, 0)
  return terminal.interactive && length > rows - BELOW_HELP
    ? [chat.remark(`there is more above: scroll up; ${palette.bold("/help COMMAND")} tells of one`)]
    : []
}

/** Rows for how things are, the draft, and a remark. */
const BELOW_HELP = 3

/** What there is to say of one command. */
const helpOf = ({ help, names, reminder, usage }: TerminalCommand, palette: Palette): ReadonlyArray<Printed> => {
  const [, ...others] = names
  return [
    ...Texts.help([[usage, help ?? "takes back what the command without un- did"]], palette),
    ...(reminder === undefined ? [] : [`  ${palette.dim("type")} ${reminder}`]),
    ...(others.length === 0 ? [] : [`  ${palette.dim("also")} ${others.map((name) => `/${name}`).join(", ")}`])
  ]
}

/** Characters of a name that is none. */
const MAX_NAME = 40
