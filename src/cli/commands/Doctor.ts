import * as Effect from "effect/Effect"
import { toggle } from "./Option.js"
import { config, link, linked, proxyOf, server, stun } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

export const doctor = Subcommand.make({
  name: "doctor",
  help: "Examine this machine's network: what works, what to expect of conversations, what would help",
  options: {
    server,
    ...link,
    stun,
    json: toggle("Write the report as one JSON object"),
    config
  },
  arguments: {},
  settings: ({ config: _, plain, proxy, serverKey, tls, tlsCa, ...settings }, { env }) =>
    Effect.gen(function* () {
      const how = yield* linked({ plain, serverKey, tls, tlsCa })
      const through = yield* proxyOf(proxy, settings.server, env)
      return { ...settings, stun: settings.stun ?? [], link: { ...how, ...through } }
    })
})

export type DoctorSettings = Subcommand.SettingsOf<typeof doctor>
