import { DELIVERY_EXITS } from "../ExitCode.js"
import * as Values from "../Values.js"
import * as Argument from "./Argument.js"
import { plain, toggle } from "./Option.js"
import { connected, MAX_TYPED, oneShot } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

export const sendFile = Subcommand.make({
  name: "send-file",
  help: "Send files, folders or standard input to somebody, and end",
  options: {
    to: plain({
      placeholder: "NICK",
      alias: "t",
      help: "Whom to send it to",
      parse: Values.text(MAX_TYPED),
      required: true,
      wants: "somebody"
    }),
    name: plain({
      placeholder: "NAME",
      help: "What standard input is called at the other side",
      parse: Values.text(255),
      default: "stdin"
    }),
    timeout: plain({
      placeholder: "TIME",
      help: "Give up when nothing has moved for so long, the acceptance included",
      parse: Values.duration,
      default: "5m"
    }),
    keep: toggle("Keep an offer that is not done in the end: it goes on when parley runs again with this nickname"),
    ...oneShot
  },
  arguments: {
    sources: Argument.oneOrMore({
      name: "PATH",
      help: "The files and folders to send, by path or file:// URL, several of them as one offer, or - for standard input",
      wants: "file"
    })
  },
  examples: [
    "parley send-file --nick alice --to bob *.pdf photos",
    "tar c photos | parley send-file -n alice -t bob --name photos.tar -"
  ],
  exits: DELIVERY_EXITS,
  settings: connected,
  oneShot: true
})

export type SendFileSettings = Subcommand.SettingsOf<typeof sendFile>
