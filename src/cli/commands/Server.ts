import * as Effect from "effect/Effect"
import type { Listing } from "../../core/rendezvous/Directory.js"
import { DEFAULT_LIMITS as defaultRelay } from "../../core/rendezvous/Relay.js"
import type { Rate } from "../../core/support/TokenBucket.js"
import { DEFAULT_PORT } from "../../protocol/Control.js"
import { defaults } from "../../server/ServerOptions.js"
import { ExitCode } from "../ExitCode.js"
import { FORMATS } from "../Logging.js"
import { ProgramError } from "../ProgramError.js"
import * as Values from "../Values.js"
import { nodeSettingsOf, nodes } from "./Nodes.js"
import { plain, setting, switchable } from "./Option.js"
import { access, admin, config, MAX_PATH, quiet, tokenOf } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

const span = (help: string, ms: number) =>
  setting({ placeholder: "TIME", help, parse: Values.duration, default: `${ms / 1000}s` })

const rate = (help: string, byDefault: Rate) =>
  setting({ placeholder: "N/PER_SECOND", help, parse: Values.rate, default: Values.rateText(byDefault) })

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
      alias: "p",
      help: "TCP port; 0 lets the system choose",
      parse: Values.port(0),
      default: String(DEFAULT_PORT),
      integer: true
    }),
    name: setting({
      placeholder: "HOST[:PORT],…",
      help: "What clients call this server, where that is neither this machine's name nor its address",
      parse: Values.serverNames
    }),
    tlsCert: setting({
      placeholder: "FILE",
      help: "Encrypt the port with TLS 1.3: the certificate, and those between it and its authority, PEM",
      parse: Values.text(MAX_PATH),
      wants: "file"
    }),
    tlsKey: setting({
      placeholder: "FILE",
      help: "The key of that certificate, PEM, yours alone (mode 600); both are read again on SIGHUP",
      parse: Values.text(MAX_PATH),
      wants: "file"
    }),
    plainPort: setting({
      placeholder: "PORT",
      help: "A second TCP port, not encrypted, for clients that do not speak TLS",
      parse: Values.port(1),
      integer: true
    }),
    listen: setting({
      placeholder: "PLACE,…",
      help: "More places: HOST:PORT or unix:/PATH[:MODE]; with plain: in front not encrypted, beside --tls-cert; with web: for WebSockets, behind a proxy of HTTP for instance",
      parse: Values.places
    }),
    proxies: setting({
      placeholder: "BLOCK,…",
      help: "Addresses of proxies that tell whose a connection is (PROXY protocol), or unix; from nobody else is it heard",
      parse: Values.proxies
    }),
    udpAddress: setting({
      placeholder: "ADDRESS,…",
      help: "Where clients reach the UDP ports, if not on the address they dial (behind a balancer): addresses, or ADDRESS:PORT for both ports",
      parse: Values.udpAddresses
    }),
    ...access,
    relay: setting({
      placeholder: "on|off",
      help: "Whether to carry packets for clients that find no direct path",
      parse: Values.onOff,
      default: "on"
    }),
    tokens: setting({
      placeholder: "FILE",
      help: "File of access tokens of single people: each has to show one (see: parley help server admin)",
      parse: Values.text(MAX_PATH),
      wants: "file"
    }),
    bans: setting({
      placeholder: "FILE",
      help: "File in which bans and reserved nicknames are kept over restarts",
      parse: Values.text(MAX_PATH),
      wants: "file"
    }),
    listing: setting({
      placeholder: "full|names|nobody",
      help: "What everybody may list and watch: all, nicknames and keys without addresses, or nobody",
      parse: Values.oneOf<Listing>(["full", "names", "nobody"]),
      default: "full"
    }),
    private: switchable("List and announce nobody, as --listing nobody: people have to know whom they ask for"),
    admin,
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
    newConnectionsPerAddress: setting({
      placeholder: "N",
      help: "New connections in 10 minutes from one such network",
      otherwise: "twice as many as at a time",
      parse: Values.integer(1, 10_000_000),
      integer: true
    }),
    exempt: setting({
      placeholder: "BLOCK,…",
      help: "Blocks of addresses without limits of their own, such as 192.0.2.0/24: a proxy, an office",
      parse: Values.blocks
    }),
    release: plain({
      placeholder: "NICK,…",
      help: "With --names: nicknames that are kept for nobody any more, from this start on",
      parse: Values.nicknames
    }),
    names: setting({
      placeholder: "FILE",
      help: "File in which nicknames are kept for the identities that came with them first; with --redis: the word redis, as they are kept there",
      parse: Values.text(MAX_PATH),
      wants: "file"
    }),
    maxNames: setting({
      placeholder: "N",
      help: "Nicknames in use and held",
      parse: Values.integer(1, 10_000_000),
      default: String(defaults.maxNames),
      integer: true
    }),
    grace: span("How long a nickname is held for its owner after the connection was lost", defaults.graceMs),
    registerTimeout: span("How long a connection has to register", defaults.session.registerMs),
    idleTimeout: span("How long a client may be silent", defaults.session.idleMs),
    sendQueue: setting({
      placeholder: "BYTES",
      help: "What may wait for one client; one that reads more slowly is closed",
      parse: Values.integer(32_768, 16_777_216),
      default: String(defaults.sendQueue),
      integer: true
    }),
    workPerConnection: rate("Requests of one connection, in units of about a ping", defaults.session.work),
    workBeforeRegistering: rate("The same before it has registered", defaults.session.strangerWork),
    workPerAddress: rate("Requests of one address together, in the same units", defaults.address.work),
    registrations: rate("Tries of one connection to register", defaults.session.registers),
    queries: rate("Queries of one connection", defaults.session.queries),
    lists: rate("Pages of the list for one connection", defaults.session.lists),
    updates: rate("Changes of network of one connection", defaults.session.updates),
    unreadableLines: setting({
      placeholder: "N",
      help: "Lines of one connection that cannot be read; the last of them ends it",
      parse: Values.integer(1, 1_000_000),
      default: String(defaults.session.malformed),
      integer: true
    }),
    incoming: rate("Strangers who may ask for one client", defaults.incoming),
    relayPerChannel: rate("Bytes carried for one pair, each way", defaultRelay.channel),
    relayPerSession: rate("Bytes carried for one client over all its pairs", defaultRelay.session),
    relayPerAddress: rate("Bytes carried by UDP to one address, from everybody", defaultRelay.address),
    stunPerAddress: rate("STUN requests of one address that are answered", defaults.stun.each),
    stun: rate("The same of all addresses at which no client is", defaults.stun.all),
    restartSpread: span(
      "Over how long clients come back after a restart: longer where more than 4,000 are here",
      defaults.restart.spreadMs
    ),
    metrics: setting({
      placeholder: "HOST:PORT",
      help: "Show the server's state there by HTTP: a page, /metrics for Prometheus, /healthz, /readyz; a PORT alone is on this machine",
      parse: Values.webAddress
    }),
    otlp: setting({
      placeholder: "URL",
      help: "Send the same figures to a collector of OpenTelemetry, such as http://127.0.0.1:4318",
      parse: Values.httpUrl
    }),
    logFormat: setting({
      placeholder: FORMATS.join("|"),
      help: "How the log is written, on standard error",
      parse: Values.oneOf(FORMATS),
      default: "logfmt"
    }),
    logPersonal: switchable("Write addresses and nicknames into the log, as fail2ban needs, and not networks alone"),
    ...nodes,
    quiet,
    config
  },
  arguments: {},
  examples: [
    'parley server --port 9090 --motd "Welcome to the club"',
    "parley server --tls-cert server.crt --tls-key server.key",
    "parley server --redis redis://10.0.0.5 --node-listen 10.0.0.11:9095 --cluster-secret-file secret"
  ],
  settings: ({ config: _, private: isPrivate, tlsCert, tlsKey, token, tokenFile, ...rest }, host) => {
    const { clusterSecretFile, nodeAddress, nodeListen, redis, redisCa, redisPasswordFile, redisPrefix, ...settings } =
      rest
    const { plainPort, port } = settings
    const wrong =
      (tlsCert === undefined) !== (tlsKey === undefined)
        ? "--tls-cert and --tls-key belong together"
        : settings.release !== undefined && settings.names === undefined
          ? "--release is for servers with --names"
          : settings.release !== undefined && redis !== undefined
            ? "--release is for servers with a file of names: with --redis say parley server admin release NICK"
            : plainPort !== undefined && tlsCert === undefined
              ? "--plain-port is for servers with --tls-cert: without it, --port is not encrypted anyhow"
              : plainPort === port
                ? "--port and --plain-port cannot be the same"
                : isPrivate && settings.listing === "names"
                  ? "--private lists nobody, and --listing names everybody's nickname: say one of them"
                  : undefined
    if (wrong !== undefined) return Effect.fail(new ProgramError({ message: wrong, exitCode: ExitCode.usage }))
    const tls = tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey }
    return Effect.gen(function* () {
      const node = yield* nodeSettingsOf(rest, settings.names, host)
      const listing = isPrivate ? "nobody" : settings.listing
      return { ...settings, listing, token: yield* tokenOf({ token, tokenFile }, host), tls, node }
    })
  },
  logs: true
})

export type ServerSettings = Subcommand.SettingsOf<typeof server>
