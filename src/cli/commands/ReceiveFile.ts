import * as Effect from "effect/Effect"
import { DELIVERY_EXITS } from "../ExitCode.js"
import * as Values from "../Values.js"
import { plain, toggle } from "./Option.js"
import { connected, MAX_PATH, MAX_TYPED, oneShot } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

export const receiveFile = Subcommand.make({
  name: "receive-file",
  help: "Wait for one file or folder that somebody sends, take it, and end",
  options: {
    from: plain({
      placeholder: "NICK",
      alias: "f",
      help: "Take something from this person only",
      parse: Values.text(MAX_TYPED),
      wants: "somebody"
    }),
    to: plain({
      placeholder: "DIR",
      alias: "o",
      help: "The folder it goes to, or - for standard output",
      otherwise: "the current folder",
      parse: Values.text(MAX_PATH),
      wants: "folder"
    }),
    yes: toggle("Take it without asking", { alias: "y" }),
    timeout: plain({
      placeholder: "TIME",
      help: "Give up when nothing has moved for so long, the offer included",
      otherwise: "never",
      parse: Values.duration
    }),
    keep: toggle("Keep what has arrived when it is not all in the end: the next run goes on with it"),
    ...oneShot
  },
  arguments: {},
  examples: [
    "parley receive-file --nick bob --from alice --to ~/incoming",
    "parley receive-file -n bob -y -o - | tar x"
  ],
  exits: DELIVERY_EXITS,
  settings: (options, host) =>
    Effect.map(connected(options, host), (settings) => ({ ...settings, to: settings.to ?? CURRENT_FOLDER })),
  oneShot: true
})

export type ReceiveFileSettings = Subcommand.SettingsOf<typeof receiveFile>

const CURRENT_FOLDER = "."
