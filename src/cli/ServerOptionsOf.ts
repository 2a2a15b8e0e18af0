import { defaults, rateOf, type ServerOptions } from "../server/ServerOptions.js"
import type { ServerSettings } from "./commands/Server.js"

/** The server's own options. */
export const optionsOf = (settings: ServerSettings): Omit<ServerOptions, "tls"> => ({
  ...withoutTls,
  host: settings.host,
  port: settings.port,
  plainPort: settings.plainPort,
  places: settings.listen ?? [],
  proxies: settings.proxies ?? [],
  names: settings.name ?? [],
  udpAddresses: settings.udpAddress ?? [],
  admin: settings.admin,
  listing: settings.listing,
  token: settings.token,
  motd: settings.motd,
  maxConnections: settings.maxConnections,
  address: {
    connections: settings.maxConnectionsPerAddress,
    rate: rateOf(settings.newConnectionsPerAddress ?? 2 * settings.maxConnectionsPerAddress),
    work: settings.workPerAddress
  },
  exempt: settings.exempt ?? [],
  session: {
    ...defaults.session,
    registerMs: settings.registerTimeout,
    idleMs: settings.idleTimeout,
    malformed: settings.unreadableLines,
    work: settings.workPerConnection,
    strangerWork: settings.workBeforeRegistering,
    registers: settings.registrations,
    queries: settings.queries,
    lists: settings.lists,
    updates: settings.updates
  },
  sendQueue: settings.sendQueue,
  incoming: settings.incoming,
  relay: settings.relay
    ? { channel: settings.relayPerChannel, session: settings.relayPerSession, address: settings.relayPerAddress }
    : undefined,
  stun: { each: settings.stunPerAddress, all: settings.stun },
  restart: { ...defaults.restart, spreadMs: settings.restartSpread },
  graceMs: settings.grace,
  maxNames: settings.maxNames
})

const { tls: _, ...withoutTls } = defaults
