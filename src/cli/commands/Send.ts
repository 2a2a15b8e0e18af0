import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import { EXIT_CODES } from "../ExitCode.js"
import * as Values from "../Values.js"
import { plain, toggle } from "./Option.js"
import { connected, oneShot } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

export const send = Subcommand.make({
  name: "send",
  help: `Send one message, from the command line or standard input, and end. ${EXIT_CODES}`,
  options: {
    to: plain({ placeholder: "NICK", help: "Whom to send it to", parse: Values.text(256), required: true }),
    timeout: plain({
      placeholder: "TIME",
      help: "How long to try, such as 500ms, 30s or 2m",
      parse: Values.duration,
      default: "30s"
    }),
    keep: toggle(
      "Keep a message that was not delivered in time: it goes out when parley runs again with this nickname"
    ),
    ...oneShot
  },
  arguments: {
    text: Args.text({ name: "TEXT" }).pipe(
      Args.withDescription("What to send; standard input when it is - or left out"),
      Args.repeated
    )
  },
  // Several words are one text, as with `echo`.
  settings: ({ text, ...options }, folders) =>
    Effect.map(connected(options, folders), (settings) => ({
      ...settings,
      text: text.length === 0 ? undefined : text.join(" ")
    })),
  oneShot: true
})

export type SendSettings = Subcommand.SettingsOf<typeof send>
