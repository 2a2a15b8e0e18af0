import * as Effect from "effect/Effect"
import { EXIT_CODES } from "../ExitCode.js"
import * as Values from "../Values.js"
import { plain, toggle } from "./Option.js"
import { connected, oneShot } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

export const receiveFile = Subcommand.make({
  name: "receive-file",
  help: `Wait for one file or folder that somebody sends, take it, and end. ${EXIT_CODES}`,
  options: {
    from: plain({ placeholder: "NICK", help: "Take something from this person only", parse: Values.text(256) }),
    to: plain({
      placeholder: "DIR",
      help: "The folder it goes to, or - for standard output (default: the current folder)",
      parse: Values.text(4096),
      alias: "o"
    }),
    yes: toggle("Take it without asking", "y"),
    timeout: plain({
      placeholder: "TIME",
      help: "Give up when nothing has moved for so long, the offer included (default: never)",
      parse: Values.duration
    }),
    keep: toggle("Keep what has arrived when it is not all in the end: the next run goes on with it"),
    ...oneShot
  },
  arguments: {},
  settings: (options, folders) =>
    Effect.map(connected(options, folders), (settings) => ({ ...settings, to: settings.to ?? CURRENT_FOLDER })),
  oneShot: true
})

export type ReceiveFileSettings = Subcommand.SettingsOf<typeof receiveFile>

const CURRENT_FOLDER = "."
