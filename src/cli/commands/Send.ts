import * as Effect from "effect/Effect"
import { DELIVERY_EXITS } from "../ExitCode.js"
import * as Values from "../Values.js"
import * as Argument from "./Argument.js"
import { plain, toggle } from "./Option.js"
import { connected, MAX_TYPED, oneShot } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

export const send = Subcommand.make({
  name: "send",
  help: "Send one message, from the command line or standard input, and end",
  options: {
    to: plain({
      placeholder: "NICK",
      alias: "t",
      help: "Whom to send it to",
      parse: Values.text(MAX_TYPED),
      required: true,
      wants: "somebody"
    }),
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
    text: Argument.any({ name: "TEXT", help: "What to send; standard input when it is - or left out" })
  },
  examples: [
    'parley send --nick cron --to bob "the backup is done"',
    "make 2>&1 | tail -20 | parley send -n cron -t bob"
  ],
  exits: DELIVERY_EXITS,
  // Several words are one text, as with `echo`.
  settings: ({ text, ...options }, host) =>
    Effect.map(connected(options, host), (settings) => ({
      ...settings,
      text: text.length === 0 ? undefined : text.join(" ")
    })),
  oneShot: true
})

export type SendSettings = Subcommand.SettingsOf<typeof send>
