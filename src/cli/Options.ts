import * as Args from "@effect/cli/Args"
import * as CliOptions from "@effect/cli/Options"
import * as Option from "effect/Option"
import type { AcceptPolicy } from "../core/client/Transfer.js"
import { POLICIES } from "../core/peer/path/Policy.js"
import { DEFAULT_PORT } from "../protocol/Control.js"
import { defaults } from "../server/ServerOptions.js"
import { plain, setting } from "./Setting.js"
import * as Values from "./Values.js"

/**
 * The options of all commands. Each can also come from the environment (`PARLEY_` and the name in capitals) or from the
 * configuration file (the name in camel case): flag over environment over file over default.
 */

/** Only for the help: the file is found before the other options are read (`Arguments`). */
const config = CliOptions.text("config").pipe(
  CliOptions.withPseudoName("FILE"),
  CliOptions.withDescription("Configuration file, JSON (default: ~/.config/parley/config.json, if there is one)"),
  CliOptions.optional
)

const token = setting("token", "TOKEN", "Access token that the server demands", Values.text(256)).pipe(
  CliOptions.optional
)

const serverAddress = setting(
  "server",
  "HOST[:PORT]",
  `Rendezvous server (default: localhost:${DEFAULT_PORT})`,
  Values.serverAddress
).pipe(CliOptions.withDefault({ host: "localhost", port: DEFAULT_PORT }))

const stun = setting(
  "stun",
  "HOST[:PORT],…",
  "STUN servers to ask for this machine's public address, beside the rendezvous server",
  Values.stunServers
).pipe(CliOptions.withDefault([]))

const relay = setting(
  "relay",
  "on|off",
  "Whether to carry packets for clients that find no direct path (default: on)",
  Values.onOff
).pipe(CliOptions.withDefault(true))

const path = setting(
  "path",
  "POLICY",
  "Which paths to take: prefer-direct (default), direct-only, or relay-only, which hides your address from peers",
  Values.oneOf(POLICIES)
).pipe(CliOptions.withDefault("prefer-direct"))

const portMapping = setting(
  "port-mapping",
  "on|off",
  "Whether to ask the router (NAT-PMP) to let peers in on a UDP port (default: on)",
  Values.onOff
).pipe(CliOptions.withDefault(true))

export const server = {
  host: setting("host", "HOST", "Address to listen on (default: 0.0.0.0)", Values.text(253)).pipe(
    CliOptions.withDefault("0.0.0.0")
  ),
  port: setting("port", "PORT", `TCP port; 0 lets the system choose (default: ${DEFAULT_PORT})`, Values.port(0)).pipe(
    CliOptions.withDefault(DEFAULT_PORT)
  ),
  token,
  relay,
  motd: setting("motd", "TEXT", "Greeting that every client is shown", Values.text(2048)).pipe(CliOptions.optional),
  maxConnections: setting(
    "max-connections",
    "N",
    `Connections at a time in all (default: ${defaults.maxConnections})`,
    Values.integer(1, 1_000_000)
  ).pipe(CliOptions.optional),
  maxConnectionsPerAddress: setting(
    "max-connections-per-address",
    "N",
    `Connections at a time from one IPv4 address or IPv6 /64 network (default: ${defaults.address.connections})`,
    Values.integer(1, 1_000_000)
  ).pipe(CliOptions.optional),
  config
}

/** The only short name of an option with a value. */
const FOLDER_ALIAS = "o"

const ACCEPT_POLICIES: ReadonlyArray<AcceptPolicy> = ["ask", "known", "all"]

/** Who we are and how we find others. */
export const connection = {
  server: serverAddress,
  lan: CliOptions.boolean("lan").pipe(
    CliOptions.withDescription("Show yourself on the local network, and find others there without a server")
  ),
  noServer: CliOptions.boolean("no-server").pipe(
    CliOptions.withDescription("Ask no server: the local network alone (with --lan)")
  ),
  home: setting(
    "home",
    "DIR",
    "Where identities and known peers are kept (default: ~/.local/share/parley)",
    Values.text(4096)
  ).pipe(CliOptions.optional),
  noHistory: CliOptions.boolean("no-history").pipe(
    CliOptions.withDescription("Neither keep what is said, sealed, for /history and /search, nor read what was kept")
  ),
  token,
  path,
  stun,
  portMapping,
  config
}

export const client = {
  nick: setting("nick", "NICK", "Nickname to register (asked for when left out)", Values.text(256)).pipe(
    CliOptions.optional
  ),
  json: CliOptions.boolean("json").pipe(
    CliOptions.withDescription("Speak JSON lines: commands on standard input, events on standard output")
  ),
  readReceipts: CliOptions.boolean("read-receipts").pipe(
    CliOptions.withDescription(
      "Tell people that you have read their messages, as soon as you type something after them"
    )
  ),
  accept: setting(
    "accept",
    "POLICY",
    "File offers to take without asking: ask (default: none), known (of people known from earlier), or all",
    Values.oneOf(ACCEPT_POLICIES)
  ).pipe(CliOptions.withDefault("ask" as AcceptPolicy)),
  downloads: setting(
    "downloads",
    "DIR",
    "Where accepted files go (default: the current folder)",
    Values.text(4096)
  ).pipe(CliOptions.optional),
  ...connection
}

/** For commands that do one thing and end. */
const oneShot = {
  nick: setting("nick", "NICK", "Nickname to register; one that no other program of yours uses now", Values.text(256)),
  json: CliOptions.boolean("json").pipe(CliOptions.withDescription("Write what happens as lines of JSON")),
  ...connection
}

export const send = {
  to: plain("to", "NICK", "Whom to send it to", Values.text(256)),
  timeout: plain("timeout", "TIME", "How long to try, such as 500ms, 30s or 2m (default: 30s)", Values.duration).pipe(
    CliOptions.withDefault(30_000)
  ),
  keep: CliOptions.boolean("keep").pipe(
    CliOptions.withDescription(
      "Keep a message that was not delivered in time: it goes out when parley runs again with this nickname"
    )
  ),
  ...oneShot
}

const keep = (what: string) => CliOptions.boolean("keep").pipe(CliOptions.withDescription(what))

export const sendFile = {
  to: plain("to", "NICK", "Whom to send it to", Values.text(256)),
  name: plain(
    "name",
    "NAME",
    "What standard input is called at the other side (default: stdin)",
    Values.text(255)
  ).pipe(CliOptions.optional),
  timeout: plain(
    "timeout",
    "TIME",
    "Give up when nothing has moved for so long, the acceptance included (default: 5m)",
    Values.duration
  ).pipe(CliOptions.withDefault(300_000)),
  keep: keep("Keep an offer that is not done in the end: it goes on when parley runs again with this nickname"),
  ...oneShot
}

export const source = Args.text({ name: "PATH" }).pipe(
  Args.withDescription("The file or folder to send, or - for standard input")
)

export const receiveFile = {
  from: plain("from", "NICK", "Take something from this person only", Values.text(256)).pipe(CliOptions.optional),
  to: plain(
    "to",
    "DIR",
    "The folder it goes to, or - for standard output (default: the current folder)",
    Values.text(4096)
  ).pipe(CliOptions.withAlias(FOLDER_ALIAS), CliOptions.withDefault(".")),
  yes: CliOptions.boolean("yes").pipe(CliOptions.withAlias("y"), CliOptions.withDescription("Take it without asking")),
  timeout: plain(
    "timeout",
    "TIME",
    "Give up when nothing has moved for so long, the offer included (default: never)",
    Values.duration
  ).pipe(CliOptions.optional),
  keep: keep("Keep what has arrived when it is not all in the end: the next run goes on with it"),
  ...oneShot
}

/** Several words are one text, as with `echo`. */
export const text = Args.text({ name: "TEXT" }).pipe(
  Args.withDescription("What to send; standard input when it is - or left out"),
  Args.repeated
)

export const doctor = {
  server: serverAddress,
  stun,
  json: CliOptions.boolean("json").pipe(CliOptions.withDescription("Write the report as one JSON object")),
  config
}

/** The flags of a command that come with a value, such as `--nick`. */
export const valued = (options: Readonly<Record<string, CliOptions.Options<unknown>>>): ReadonlySet<string> =>
  new Set([
    ...Object.entries(options)
      .filter(([, option]) => !CliOptions.isBool(option))
      .map(([name]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`),
    `-${FOLDER_ALIAS}`
  ])

/** What a set of options gives. */
export type Parsed<Config> = {
  readonly [Name in keyof Config]: Config[Name] extends CliOptions.Options<infer A> ? A : never
}

/** Options without their absent members, as optional properties want them. */
export const present = <A>(option: Option.Option<A>): A | undefined => Option.getOrUndefined(option)
