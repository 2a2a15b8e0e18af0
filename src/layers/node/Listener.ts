import { readFileSync } from "node:fs"
import * as Net from "node:net"
import { hostname } from "node:os"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Endpoint from "../../domain/Endpoint.js"
import { type Connection, type ConnectionHandler, defaultSendQueue } from "../../services/Connection.js"
import {
  ListenError,
  Listener,
  type ListeningTls,
  type ListenOptions,
  type TlsCredentials
} from "../../services/Listener.js"
import { fromNode, HERE } from "./Addresses.js"
import * as NodeConnection from "./Connection.js"
import { codeOf, describe, isPort, LOOKUP_CODES } from "./Errno.js"
import { type Introduced, introduced } from "./ProxyReader.js"
import * as SocketFile from "./SocketFile.js"
import * as WebWire from "./WebWire.js"

/** TCP over node:net. Without a host it listens on both families, or on IPv4 alone where there is no IPv6. */
export const layer: Layer.Layer<Listener> = Layer.succeed(Listener, {
  listen: (options, accept) =>
    Effect.gen(function* () {
      const tls = options.tls === undefined ? undefined : yield* encryption(options.tls)
      const files = openFilesLimit()
      const { local } = yield* Effect.acquireRelease(open(options, accept, tls, files), close)
      return {
        local,
        hostNames: [hostname(), `${hostname()}.local`],
        ...(tls === undefined ? {} : { tls }),
        ...(files === undefined ? {} : { capacity: Math.max(1, files - OTHER_FILES) })
      }
    })
})

/**
 * Bursts of thousands of dials are normal after a server's restart; the stock 511 makes the rest wait 1 s for a retry.
 */
const BACKLOG = 4096

/** How long a closing listener lets its connections flush: enough for any live peer, short enough for a restart. */
const DRAIN_MS = 500

interface Open {
  readonly local: Endpoint.Endpoint
  readonly server: Net.Server
  readonly live: Set<Connection>
  /** Of proxies that have not said yet whose they are. */
  readonly unknown: Set<Net.Socket>
  onGone: () => void
}

/** Where the ends of a connection are, when its socket does not tell. */
type Ends = Pick<NodeConnection.Wire, "local" | "remote">

interface Encryption extends ListeningTls {
  readonly wire: (tcp: Net.Socket, isWeb: boolean) => NodeConnection.Wire
}

/** `node:tls` is loaded by those alone who encrypt. */
const encryption = (first: TlsCredentials): Effect.Effect<Encryption, ListenError> =>
  Effect.gen(function* () {
    const tls = yield* Effect.promise(() => import("./Tls.js"))
    const contextOf = (credentials: TlsCredentials) =>
      Effect.try({
        try: () => tls.contextOf(credentials),
        catch: (cause) =>
          new ListenError({
            reason: "BadCredentials",
            message: `the certificate and its key: ${tls.faultOf(cause)}`,
            cause
          })
      })
    let context = yield* contextOf(first)
    return {
      wire: (tcp, isWeb) => tls.accepted(tcp, () => context, isWeb),
      shown: () => context.shown,
      renew: (credentials) =>
        Effect.map(contextOf(credentials), (renewed) => {
          context = renewed
        })
    }
  })

const open = (
  options: ListenOptions,
  accept: (connection: Connection) => ConnectionHandler | undefined,
  tls: Encryption | undefined,
  files: number | undefined
) =>
  Effect.async<Open, ListenError>((resume) => {
    const fault = options.socket === undefined ? portFault(options) : SocketFile.faultOf(options.socket)
    if (fault !== undefined) return resume(Effect.fail(toError(options, new RangeError(fault))))
    const live = new Set<Connection>()
    const unknown = new Set<Net.Socket>()
    const sendQueue = options.sendQueue ?? defaultSendQueue
    const begin = (wire: NodeConnection.Wire) => {
      const connection = NodeConnection.make(wire, sendQueue, accept, () => {
        if (connection !== undefined) live.delete(connection)
        opened?.onGone()
      })
      if (connection !== undefined) live.add(connection)
    }
    const isWeb = options.isWeb === true
    const take = (socket: Net.Socket, known: Ends) => {
      const bare = () => (isWeb ? WebWire.wire(socket) : { socket, tcp: socket })
      begin({ ...(tls === undefined ? bare() : tls.wire(socket, isWeb)), ...known })
    }
    const isForwarded = isWeb && tls === undefined
    const server = Net.createServer(NodeConnection.socketOptions, (socket) => {
      if (isOneOfTheLast(socket, files)) options.onTrouble?.(FEW_LEFT)
      const remote = options.socket === undefined ? fromNode(socket.remoteAddress, socket.remotePort) : undefined
      const known = options.socket === undefined ? {} : { remote: HERE, local: HERE }
      if (options.isProxy?.(remote) !== true) {
        take(socket, known)
        return
      }
      const proxy = remote ?? HERE
      const [oldest] = unknown
      if (unknown.size >= MAX_UNKNOWN) oldest?.destroy()
      unknown.add(socket)
      socket.once("close", () => unknown.delete(socket))
      const over = (isBad: boolean) => {
        unknown.delete(socket)
        if (isBad) options.onBadProxy?.(proxy)
      }
      if (isForwarded)
        WebWire.forwarded(socket, options.isProxy!, (wire, isBad) => {
          over(isBad)
          if (wire !== undefined) begin({ ...known, ...wire, remote: believed(wire.remote, proxy) })
        })
      else
        introduced(socket, (header) => {
          over(header === undefined)
          if (header === undefined) socket.destroy()
          else take(socket, knownOf(header, proxy, known))
        })
    })
    let opened: Open | undefined
    let isCleared = false
    // Stays for good: what the system refuses while accepting is reported here, and listening goes on.
    server.on("error", (cause) => {
      if (opened !== undefined) return options.onTrouble?.(`connections are lost: ${describe(cause)}`)
      if (options.socket === undefined || isCleared || codeOf(cause) !== "EADDRINUSE")
        return resume(Effect.fail(toError(options, cause)))
      isCleared = true
      SocketFile.clear(options.socket.path, (left) => {
        if (left === "nothing") listen()
        else resume(Effect.fail(toError(options, left === "a file" ? new Error(NO_SOCKET) : cause)))
      })
    })
    const listen = () =>
      bind(server, options, (local) => {
        opened = { local, server, live, unknown, onGone: () => {} }
        resume(Effect.succeed(opened))
      })
    listen()
  })

const bind = (server: Net.Server, options: ListenOptions, done: (local: Endpoint.Endpoint) => void): void => {
  const { backlog = BACKLOG, host, port, socket } = options
  if (socket !== undefined) SocketFile.listen(server, socket, backlog, () => done(HERE))
  else
    server.listen({ port, backlog, ...(host === undefined ? {} : { host }) }, () => {
      const bound = server.address() as Net.AddressInfo
      done(fromNode(bound.address, bound.port)!)
    })
}

const portFault = ({ port }: ListenOptions) => (isPort(port, 0) ? undefined : "the port is not in 0 to 65535")

/** Where the ends of a connection are, by what its proxy says. */
const knownOf = (header: Introduced, proxy: Endpoint.Endpoint, otherwise: Ends): Ends =>
  header._tag === "Own" ? otherwise : { remote: believed(header.from, proxy), local: header.to }

/**
 * Whose a connection is by what a proxy says. A loopback address of another machine is nobody's here, and must not get
 * what those of this one have: the connection is the proxy's own then.
 */
const believed = (said: Endpoint.Endpoint, proxy: Endpoint.Endpoint): Endpoint.Endpoint =>
  isLoopback(said) && !isLoopback(proxy) ? proxy : said

const isLoopback = (endpoint: Endpoint.Endpoint): boolean => Endpoint.scope(endpoint) === "loopback"

/**
 * Connections of proxies whose header is not there yet: a burst of newcomers. The one that has been silent for longest
 * makes room, since a proxy sends the header with its first packet.
 */
const MAX_UNKNOWN = 1024

const NO_SOCKET = "there is a file of that name, which is no socket"

const close = (opened: Open): Effect.Effect<void> =>
  Effect.async((resume) => {
    let stopped = false
    for (const socket of opened.unknown) socket.destroy()
    const deadline = setTimeout(() => {
      for (const connection of opened.live) connection.destroy()
    }, DRAIN_MS)
    opened.onGone = () => {
      if (!stopped || opened.live.size > 0) return
      clearTimeout(deadline)
      resume(Effect.void)
    }
    opened.server.close(() => {
      stopped = true
      opened.onGone()
    })
    for (const connection of opened.live) connection.end()
  })

/** The soft limit of this process on open files, which connections are; `undefined` where it cannot be read. */
const openFilesLimit = (): number | undefined => {
  try {
    const found = /^Max open files +(\d+) /m.exec(readFileSync("/proc/self/limits", "utf8"))
    return found === null ? undefined : Number(found[1])
  } catch {
    return undefined
  }
}

/**
 * Whether this connection has one of the last numbers that the system gives to files, the lowest first. Behind them
 * Node drops connections without a word (it keeps one file for that), so nobody would ever be told.
 */
const isOneOfTheLast = (socket: Net.Socket, files = Number.POSITIVE_INFINITY): boolean =>
  ((socket as { readonly _handle?: { readonly fd?: number } })._handle?.fd ?? 0) >= files - LAST_FILES

const LAST_FILES = 8
const FEW_LEFT = "connections are lost: hardly a file is left to be opened (ulimit -n)"

/** Files that are no connections: libraries, pipes, sockets of other kinds, and a few to spare. */
const OTHER_FILES = 64

/** What keeps a program from listening, in words. */
export const toError = (options: Pick<ListenOptions, "host" | "port" | "socket">, cause: unknown): ListenError => {
  const { host, port, socket } = options
  if (socket !== undefined) return toSocketError(socket.path, cause)
  const where = host === undefined ? `port ${port}` : `port ${port} of ${host}`
  const code = codeOf(cause)
  switch (code) {
    case "EADDRINUSE":
      return new ListenError({
        reason: "AddressInUse",
        message: `${where} is already in use: stop the program that has it, or choose another port`,
        cause
      })
    case "EADDRNOTAVAIL":
      return new ListenError({
        reason: "AddressNotAvailable",
        message: `${host ?? "the address"} is not an address of this machine`,
        cause
      })
    case "EACCES":
    case "EPERM":
      return new ListenError({
        reason: "NotPermitted",
        message: `not allowed to listen on ${where}: low ports need special rights, choose one above 1023`,
        cause
      })
    default:
      return LOOKUP_CODES.has(code)
        ? new ListenError({ reason: "HostNotFound", message: `no address is known for the host ${host}`, cause })
        : new ListenError({ reason: "Other", message: `cannot listen on ${where}: ${describe(cause)}`, cause })
  }
}

const toSocketError = (path: string, cause: unknown): ListenError => {
  const code = codeOf(cause)
  const failed = (reason: ListenError["reason"], why: string) =>
    new ListenError({ reason, message: `cannot listen on the socket ${path}: ${why}`, cause })
  switch (code) {
    case "EADDRINUSE":
      return failed("AddressInUse", "another program listens there")
    case "EACCES":
    case "EPERM":
      // Node says the same of both.
      return failed("NotPermitted", "there is no such folder, or you may not write to it")
    default:
      return failed("Other", code === "" && cause instanceof Error ? cause.message : describe(cause))
  }
}
