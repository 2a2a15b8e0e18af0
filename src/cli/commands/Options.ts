import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import type { ClientOptions, ServerAt, ServerTls } from "../../client/ClientOptions.js"
import { POLICIES } from "../../core/peer/path/Policy.js"
import * as ProxyAddress from "../../domain/ProxyAddress.js"
import type { ServerAddress } from "../../domain/ServerAddress.js"
import type { UserFolders } from "../../domain/UserFolders.js"
import { DEFAULT_PORT } from "../../protocol/Control.js"
import { ExitCode } from "../ExitCode.js"
import * as FileReason from "../FileReason.js"
import { ProgramError } from "../ProgramError.js"
import * as Values from "../Values.js"
import type { Host } from "./Host.js"
import { grouped, type Option, type Parsed, plain, setting, switchable, toggle } from "./Option.js"

/** The options that several commands have. */

/** Characters of a nickname or the like as it is typed, before anybody looks whether it is one. */
export const MAX_TYPED = 256
/** Characters of a path, as Linux has it. */
export const MAX_PATH = 4_096
/** Characters. */
const MAX_TOKEN = 256
/** Bytes of a file of which one line is of interest. */
const MAX_TOKEN_FILE = 4_096

/**
 * The option is here for the help and so that the parser takes it: the file is found before the options are read
 * (`help/Arguments`), because they come from it.
 */
export const config: Option<string | undefined> = plain({
  placeholder: "FILE",
  help: "Configuration file, JSON with or without comments",
  otherwise: "~/.config/parley/config.json, if there is one",
  parse: (path: string): Either.Either<string, string> => Either.right(path),
  wants: "file"
})

/** What lets strangers in where the server wants them to show something. */
export const access = {
  token: setting({
    placeholder: "TOKEN",
    help: "Access token that the server demands; other users of this machine see it here, but neither in the environment nor in the file of --token-file",
    parse: Values.text(MAX_TOKEN),
    secret: true
  }),
  tokenFile: setting({
    placeholder: "FILE",
    help: "File with that token in its first line, yours alone (mode 600)",
    parse: Values.text(MAX_PATH),
    wants: "file"
  })
}

/** Where a server and its operator meet. */
export const admin = setting({
  placeholder: "PATH",
  help: "Socket for parley server admin, which is open to the server's own user alone; not on Windows",
  parse: Values.text(100),
  wants: "file"
})

export const server = setting({
  placeholder: "HOST[:PORT],…",
  alias: "s",
  help: "Rendezvous server; of several (named in turn, or with commas between) the first that answers",
  parse: Values.servers,
  several: true,
  default: `localhost:${DEFAULT_PORT}`
})

/** How the link to the server is protected. */
export const link = {
  tls: switchable("Encrypt the link to the server with TLS, as is done anyhow where it was encrypted before"),
  plain: switchable("Do not encrypt the link to the server, also where it was encrypted before"),
  tlsCa: setting({
    placeholder: "FILE",
    help: "Authorities that have to vouch for the server, PEM; implies --tls",
    parse: Values.text(MAX_PATH),
    wants: "file"
  }),
  serverKey: setting({
    placeholder: "SHA256:…",
    help: "The key that the server has to show, as its operator told you (of several servers one for all, or one each in the same order); implies --tls",
    parse: Values.serverKeys,
    several: true
  }),
  proxy: setting({
    placeholder: "URL|off",
    help: "Proxy that leads to the server: http://HOST:PORT, https:// or socks5://, with USER:PASSWORD@ where it asks",
    otherwise: "as HTTPS_PROXY, ALL_PROXY and NO_PROXY say",
    parse: Values.proxy,
    secret: true
  })
}

export const stun = setting({
  placeholder: "HOST[:PORT],…",
  help: "STUN servers to ask for this machine's public address, beside the rendezvous server",
  parse: Values.stunServers
})

export const portMapping = setting({
  placeholder: "on|off",
  help: "Whether to ask the router (PCP, NAT-PMP, UPnP) to let peers in on a UDP port",
  parse: Values.onOff,
  default: "on"
})

export const portGuessing = setting({
  placeholder: "on|off",
  help: "Whether to guess ports where a NAT hides them and the relay is the only way otherwise: some hundred small packets",
  parse: Values.onOff,
  default: "on"
})

export const home = setting({
  placeholder: "DIR",
  help: "Where identities and known people are kept",
  otherwise: "~/.local/share/parley",
  parse: Values.text(MAX_PATH),
  wants: "folder"
})

/** Nobody said where profiles are, and the system does not know. */
export const noHome = ({ variable }: UserFolders): string =>
  `there is no home directory: set ${variable}, or say --home DIR`

/** Whose profile it is about, for commands that need no server. */
export const ownNick = setting({
  placeholder: "NICK",
  alias: "n",
  help: "Your nickname: whose profile it is about",
  parse: Values.text(MAX_TYPED),
  required: true,
  wants: "own nick"
})

/** Who we are and how we find others: what all commands with a client share. */
export const connection = grouped("Server and network", {
  server,
  ...link,
  ...access,
  lan: toggle("Show yourself on the local network, and find others there without a server"),
  noServer: toggle("Ask no server: the local network alone (with --lan)"),
  path: setting({
    placeholder: "POLICY",
    help: "Which paths to take: prefer-direct, direct-only, or relay-only, which hides your address from all but the server",
    parse: Values.oneOf(POLICIES),
    default: "prefer-direct"
  }),
  stun,
  portMapping,
  portGuessing,
  home,
  noHistory: toggle("Neither keep what is said, sealed, for /history and /search, nor read what was kept"),
  config
})

/** Less to read. */
export const quiet = toggle("Tell of errors and what has to be mended, and of nothing else", { alias: "q" })

/** What commands share that do one thing and end. */
export const oneShot = {
  nick: setting({
    placeholder: "NICK",
    alias: "n",
    help: "Nickname to register; one that no other program of yours uses now",
    parse: Values.text(MAX_TYPED),
    required: true,
    wants: "own nick"
  }),
  quiet,
  json: toggle("Write what happens as lines of JSON"),
  expect: plain({
    placeholder: "FINGERPRINT",
    help: "The key that the other side must have, all 30 digits; with another one nothing is sent or taken",
    parse: Values.fingerprint
  }),
  ...connection
}

/** What all programs with a client get of these options. */
export interface Connection {
  /** The folder of profiles. */
  readonly home: string
  readonly client: ClientOptions
}

/** The token, whichever way it was told. It is nobody else's to read, and stands in no message. */
export const tokenOf = (
  { token, tokenFile }: Parsed<typeof access>,
  { exposure }: Pick<Host, "exposure">
): Effect.Effect<string | undefined, ProgramError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    if (tokenFile === undefined) return token
    if (token !== undefined)
      return yield* new ProgramError({
        message: "there are two tokens: say --token (or PARLEY_TOKEN), or --token-file, not both",
        exitCode: ExitCode.usage
      })
    return yield* firstLineOf({ flag: "--token-file", path: tokenFile, what: "the token" }, { exposure })
  })

/** The first line of a file that nobody else may read, which has to be `what`. */
export const firstLineOf = (
  {
    flag,
    min = 1,
    path,
    what
  }: { readonly flag: string; readonly path: string; readonly what: string; readonly min?: number },
  { exposure }: Pick<Host, "exposure">
): Effect.Effect<string, ProgramError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const content = yield* files.stream(path, { bytesToRead: MAX_TOKEN_FILE }).pipe(
      Stream.decodeText(),
      Stream.mkString,
      Effect.mapError((error) => new ProgramError({ message: `${flag}: cannot read ${path}: ${FileReason.of(error)}` }))
    )
    const exposed = yield* exposure(path, true)
    if (exposed !== undefined) return yield* new ProgramError({ message: `${flag}: ${exposed}` })
    const [line = ""] = content.split(/\r?\n/, 1)
    if (line.length < min || line.length > MAX_TOKEN || line.includes("\uFFFD"))
      return yield* new ProgramError({
        message: `${flag}: the first line of ${path} has to be ${what}, ${min} to ${MAX_TOKEN} characters`
      })
    return line
  })

/** What these options say of the links to servers, with the file of authorities read. */
export const linked = (
  servers: ReadonlyArray<ServerAddress>,
  parsed: Parsed<typeof link>,
  env: Host["env"]
): Effect.Effect<ReadonlyArray<ServerAt>, ProgramError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { proxy, serverKey: keys = [] } = parsed
    if (keys.length > 1 && keys.length !== servers.length)
      return yield* new ProgramError({
        message: `there are ${keys.length} keys for ${servers.length === 1 ? "one server" : `${servers.length} servers`}: name one for all, or one for each in the same order`,
        exitCode: ExitCode.usage
      })
    return yield* Effect.forEach(servers, (server, at) =>
      Effect.gen(function* () {
        const protection = yield* protectionOf({ ...parsed, serverKey: keys[at] ?? keys[0] })
        return { ...server, ...protection, ...(yield* proxyOf(proxy, server, env)) }
      })
    )
  })

/** What these options say of the link to one server. */
const protectionOf = ({
  plain,
  serverKey,
  tls,
  tlsCa
}: Omit<Parsed<typeof link>, "proxy" | "serverKey"> & { readonly serverKey: string | undefined }): Effect.Effect<
  { readonly tls?: boolean | ServerTls },
  ProgramError,
  FileSystem.FileSystem
> =>
  Effect.gen(function* () {
    const isEncrypted = tls || tlsCa !== undefined || serverKey !== undefined
    if (plain && isEncrypted)
      return yield* new ProgramError({
        message: "--plain goes with none of --tls, --tls-ca and --server-key",
        exitCode: ExitCode.usage
      })
    if (plain) return { tls: false }
    if (!isEncrypted) return {}
    const authorities = tlsCa === undefined ? undefined : yield* readAuthorities("--tls-ca", tlsCa)
    if (authorities === undefined && serverKey === undefined) return { tls: true }
    return {
      tls: {
        ...(authorities === undefined ? {} : { authorities }),
        ...(serverKey === undefined ? {} : { key: serverKey })
      }
    }
  })

/** The proxy that leads to a server: the one that was named, or that of the environment. */
const proxyOf = (
  told: ProxyAddress.ProxyAddress | "off" | undefined,
  server: ServerAddress,
  env: Host["env"]
): Effect.Effect<{ readonly proxy?: ProxyAddress.ProxyAddress }, ProgramError> => {
  if (told === "off") return Effect.succeed({})
  const found = told === undefined ? ProxyAddress.ofEnvironment(env, server) : Either.right(told)
  return Either.match(found, {
    onLeft: (message) => Effect.fail(new ProgramError({ message, exitCode: ExitCode.usage })),
    onRight: (proxy) => Effect.succeed(proxy === undefined ? {} : { proxy })
  })
}

/** A file of certificates that vouch for others. */
export const readAuthorities = (
  flag: string,
  file: string
): Effect.Effect<string, ProgramError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.readFileString(file)).pipe(
    Effect.mapError(({ message }) => new ProgramError({ message: `${flag}: ${message}` })),
    Effect.filterOrFail(
      (text) => text.includes("-----BEGIN CERTIFICATE-----"),
      () => new ProgramError({ message: `${flag}: ${file} has no certificate in it (-----BEGIN CERTIFICATE-----)` })
    )
  )

/** Checks the options of a connection against each other, and finds the folder of profiles when none was named. */
export const connected = <A extends Parsed<typeof connection> & { readonly quiet?: boolean }>(
  parsed: A,
  { env, exposure, folders }: Pick<Host, "env" | "exposure" | "folders">
): Effect.Effect<Omit<A, keyof typeof connection | "quiet"> & Connection, ProgramError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { plain, proxy, serverKey, tls, tlsCa, ...some } = parsed
    const {
      config: _,
      home,
      lan,
      noHistory,
      noServer,
      path,
      portGuessing,
      portMapping,
      server,
      stun,
      token: shown,
      tokenFile,
      ...more
    } = some
    const { quiet: _quiet, ...own } = more
    if (noServer && !lan)
      return yield* new ProgramError({
        message: "without a server (--no-server) there is only the local network: say --lan too",
        exitCode: ExitCode.usage
      })
    const folder = home ?? folders.dataHome
    if (folder === undefined) return yield* new ProgramError({ message: noHome(folders) })
    const servers = yield* linked(server, { plain, proxy, serverKey, tls, tlsCa }, env)
    const token = yield* tokenOf({ token: shown, tokenFile }, { exposure })
    const client = {
      lan,
      path,
      portGuessing,
      portMapping,
      history: !noHistory,
      ...(noServer ? {} : { server: servers.length === 1 ? servers[0]! : servers }),
      ...(stun === undefined ? {} : { stun }),
      ...(token === undefined ? {} : { token })
    }
    return { ...(own as unknown as Omit<A, keyof typeof connection | "quiet">), home: folder, client }
  })
