import * as Either from "effect/Either"
import { toggle } from "./Option.js"
import { config, server, stun } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

export const doctor = Subcommand.make({
  name: "doctor",
  help: "Examine this machine's network: what works, what to expect of conversations, what would help",
  options: {
    server,
    stun,
    json: toggle("Write the report as one JSON object"),
    config
  },
  arguments: {},
  settings: ({ config: _, ...settings }) => Either.right({ ...settings, stun: settings.stun ?? [] })
})

export type DoctorSettings = Subcommand.SettingsOf<typeof doctor>
