import * as Either from "effect/Either"
import { DEFAULT_PORT } from "../../protocol/Control.js"
import { defaults } from "../../server/ServerOptions.js"
import * as Values from "../Values.js"
import { setting } from "./Option.js"
import { config, token } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

export const server = Subcommand.make({
  name: "server",
  help: "Run a rendezvous server, which introduces people to each other",
  options: {
    host: setting({
      placeholder: "HOST",
      help: "Address to listen on; without it, all of IPv4 and IPv6",
      parse: Values.text(253)
    }),
    port: setting({
      placeholder: "PORT",
      help: "TCP port; 0 lets the system choose",
      parse: Values.port(0),
      default: String(DEFAULT_PORT),
      integer: true
    }),
    token,
    relay: setting({
      placeholder: "on|off",
      help: "Whether to carry packets for clients that find no direct path",
      parse: Values.onOff,
      default: "on"
    }),
    motd: setting({
      placeholder: "TEXT",
      help: "Greeting that every client is shown",
      parse: Values.text(2048)
    }),
    maxConnections: setting({
      placeholder: "N",
      help: "Connections at a time in all",
      parse: Values.integer(1, 1_000_000),
      default: String(defaults.maxConnections),
      integer: true
    }),
    maxConnectionsPerAddress: setting({
      placeholder: "N",
      help: "Connections at a time from one IPv4 address or IPv6 /64 network",
      parse: Values.integer(1, 1_000_000),
      default: String(defaults.address.connections),
      integer: true
    }),
    config
  },
  arguments: {},
  settings: ({ config: _, ...settings }) => Either.right(settings),
  logs: true
})

export type ServerSettings = Subcommand.SettingsOf<typeof server>
