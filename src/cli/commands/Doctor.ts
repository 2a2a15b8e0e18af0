import * as Effect from "effect/Effect"
import { toggle } from "./Option.js"
import { config, link, linked, portMapping, server, stun } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

export const doctor = Subcommand.make({
  name: "doctor",
  help: "Examine this machine's network: what works, what to expect of conversations, what would help",
  options: {
    server,
    ...link,
    stun,
    portMapping,
    json: toggle("Write the report as one JSON object"),
    config
  },
  arguments: {},
  settings: ({ config: _, plain, proxy, server, serverKey, tls, tlsCa, ...settings }, { env }) =>
    Effect.map(linked(server, { plain, proxy, serverKey, tls, tlsCa }, env), (servers) => ({
      ...settings,
      servers,
      stun: settings.stun ?? []
    }))
})

export type DoctorSettings = Subcommand.SettingsOf<typeof doctor>
