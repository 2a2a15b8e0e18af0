import * as Args from "@effect/cli/Args"
import { EXIT_CODES } from "../ExitCode.js"
import * as Values from "../Values.js"
import { plain, toggle } from "./Option.js"
import { connected, oneShot } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

export const sendFile = Subcommand.make({
  name: "send-file",
  help: `Send files, folders or standard input to somebody, and end. ${EXIT_CODES}`,
  options: {
    to: plain({ placeholder: "NICK", help: "Whom to send it to", parse: Values.text(256), required: true }),
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
    sources: Args.text({ name: "PATH" }).pipe(
      Args.withDescription(
        "The files and folders to send, by path or file:// URL, several of them as one offer, or - for standard input"
      ),
      Args.atLeast(1)
    )
  },
  settings: connected,
  oneShot: true
})

export type SendFileSettings = Subcommand.SettingsOf<typeof sendFile>
