import type { Palette } from "../Palette.js"
import * as Texts from "../Texts.js"
import type { Paragraph } from "../Wrap.js"
import { fileCommands } from "./FileCommands.js"
import { historyCommands } from "./HistoryCommands.js"
import { keyCommands } from "./KeyCommands.js"
import { peerCommands } from "./PeerCommands.js"
import { talkCommands } from "./TalkCommands.js"
import { make, nothing, type TerminalCommand } from "./TerminalCommand.js"

/** All commands, in the order of the help. */
const table: ReadonlyArray<TerminalCommand> = [
  ...talkCommands,
  ...historyCommands,
  ...fileCommands,
  ...keyCommands,
  ...peerCommands,
  make({
    names: ["help", "?"],
    usage: "/help",
    anonymous: true,
    parse: nothing,
    run: (_, { palette, ui }) => ui.print(help(palette))
  })
]

/** The command of that name, in whatever case. */
export const find = (name: string): TerminalCommand | undefined =>
  table.find(({ names }) => names.includes(name.toLowerCase()))

/** All commands and what they do. */
export const help = (palette: Palette): ReadonlyArray<Paragraph> =>
  Texts.help(
    [
      ...table.flatMap(({ help, usage }) => (help === undefined ? [] : [[usage, help] as const])),
      ["//text", "say what looks like a command; a leading space does the same"]
    ],
    palette
  )
