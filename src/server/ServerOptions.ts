import type { Listing } from "../core/rendezvous/Directory.js"
import type { AddressLimits } from "../core/rendezvous/Networks.js"
import { DEFAULT_LIMITS as defaultStun, type ReflectorLimits } from "../core/rendezvous/Reflector.js"
import { DEFAULT_LIMITS as defaultRelay, type RelayLimits } from "../core/rendezvous/Relay.js"
import type { SessionLimits } from "../core/rendezvous/Session.js"
import type { Rate } from "../core/support/TokenBucket.js"
import type { Endpoint } from "../domain/Endpoint.js"
import { DEFAULT_PORT, MAX_REQUEST_LINE } from "../protocol/Control.js"
import { defaultSendQueue } from "../services/Connection.js"
import type { SocketFile, TlsCredentials } from "../services/Listener.js"

/**
 * Where a server listens besides; encrypted as its port is, unless it is to be plain. `isWeb`: for links in WebSockets
 * alone.
 *
 * @since 0.1.0
 */
export type Place = {
  readonly isPlain: boolean
  readonly isWeb?: boolean
} & ({ readonly host: string; readonly port: number } | { readonly socket: SocketFile })

/**
 * How a rendezvous server behaves. `defaults` suits a public server of one machine; every figure can be changed.
 *
 * @since 0.1.0
 */
export interface ServerOptions {
  /** A host name or an IP literal; all addresses of both families when undefined. */
  readonly host: string | undefined
  /** TCP; 0 lets the system choose. */
  readonly port: number
  /** Encrypts the port with TLS; plain TCP when undefined. */
  readonly tls: TlsCredentials | undefined
  /** A second TCP port, without TLS; none when undefined. */
  readonly plainPort: number | undefined
  /** More places to listen on. */
  readonly places: ReadonlyArray<Place>
  /**
   * Blocks of addresses of proxies, and `unix` for all that comes by sockets of the file system: their connections have
   * to begin with a header of the PROXY protocol, and are those of whom it names, for limits too.
   */
  readonly proxies: ReadonlyArray<string>
  /**
   * What clients may call this server besides the machine's own name and the address they come to: `host`, or
   * `host:port` where that is not the port that it listens on. A proof of identity is for one server alone. Where links
   * are encrypted, nothing hangs on the name.
   */
  readonly names: ReadonlyArray<string>
  /**
   * Where clients reach the server's UDP ports, if not on the address that they dial, as behind a balancer: `port` 0
   * for the same numbers there, and otherwise first the first port of a family and then the second.
   */
  readonly udpAddresses: ReadonlyArray<Endpoint>
  /** The socket of the file system for `parley server admin`, which the user alone may use who runs the server. */
  readonly admin: string | undefined
  /** Whoever registers must show it. At most 256 characters. */
  readonly token: string | undefined
  /** What `List` and the events of everybody show; who is asked for by nickname is shown to the asker anyhow. */
  readonly listing: Listing
  /** A greeting that every client is shown. At most 2048 characters; more is cut. */
  readonly motd: string | undefined
  /** Name and version, as told to clients. */
  readonly software: string
  /** Connections at a time. */
  readonly maxConnections: number
  /**
   * For each IPv4 address and each IPv6 /64, and in larger measure for each /56 (4 times) and /48 (16 times); loopback
   * addresses are exempt.
   */
  readonly address: AddressLimits
  /** Blocks of addresses (`192.0.2.0/24`) that are exempt too; those that cannot be read exempt nobody. */
  readonly exempt: ReadonlyArray<string>
  /** For each connection. */
  readonly session: SessionLimits
  /** Bytes that may wait for one client; beyond it the client is a slow consumer and is closed. */
  readonly sendQueue: number
  /** `Incoming` events for one session, of people whose nicknames it does not watch; others are asked to come later. */
  readonly incoming: Rate
  /** How much is carried for clients that find no direct path; nothing at all when undefined. */
  readonly relay: RelayLimits | undefined
  /** Of what the reflector answers. */
  readonly stun: ReflectorLimits
  /** ms a nickname is held for its owner after the connection was lost. */
  readonly graceMs: number
  /** Nicknames in use and held. */
  readonly maxNames: number
  /** Nicknames that nobody may have, nor one that looks like them. */
  readonly reserved: ReadonlyArray<string>
  /**
   * What clients are told when the server goes down: come back after `inMs` and a random part of `spreadMs`; both grow
   * with the number of clients where there are more than 4,000.
   */
  readonly restart: { readonly inMs: number; readonly spreadMs: number }
}

/**
 * What can be changed while a server runs.
 *
 * @since 0.1.0
 */
export type Changeable = Pick<
  ServerOptions,
  "token" | "motd" | "maxConnections" | "address" | "exempt" | "session" | "sendQueue" | "incoming" | "restart"
>

/** So many new connections at once, and again within ten minutes. */
export const rateOf = (count: number): Rate => ({ burst: count, perSecond: count / 600 })

/**
 * The options of a server that was told nothing.
 *
 * @since 0.1.0
 */
export const defaults: ServerOptions = {
  host: undefined,
  port: DEFAULT_PORT,
  tls: undefined,
  plainPort: undefined,
  places: [],
  proxies: [],
  names: [],
  udpAddresses: [],
  admin: undefined,
  token: undefined,
  listing: "full",
  motd: undefined,
  software: `parley/${PARLEY_VERSION}`,
  // 2.6 KB each when idle; the system's limit on open files is met first.
  maxConnections: 10_000,
  // A household or a small office behind one address, and all of it coming back at once after a restart.
  // The work: three hundredths of a core at the start, and then half of one hundredth.
  address: { connections: 16, rate: rateOf(32), work: { burst: 1600, perSecond: 400 } },
  exempt: [],
  session: {
    line: MAX_REQUEST_LINE,
    // Long enough to type the line by hand.
    registerMs: 10_000,
    // Three pings of 15 s.
    idleMs: 45_000,
    // A failed line costs 14 times a good one.
    malformed: 5,
    // A third of a percent of a core for one connection; at first all pages of 10,000 names, or as many relayed
    // packets.
    work: { burst: 800, perSecond: 200 },
    // A few names tried, each with an identity.
    strangerWork: { burst: 160, perSecond: 10 },
    // A person who tries names; a program that tries them all is slowed to one in two seconds, and shown the door after
    // 10 s.
    registers: { burst: 5, perSecond: 0.5 },
    // A client that comes back to its ten conversations.
    queries: { burst: 10, perSecond: 1 },
    // All pages of 10,000 names at once.
    lists: { burst: 100, perSecond: 20 },
    // A laptop that changes networks; each change is told to nobody but those who ask afterwards.
    updates: { burst: 10, perSecond: 0.2 }
  },
  // Fifty friends who come back at once; 60 KB at most for a slow reader.
  incoming: { burst: 50, perSecond: 2 },
  sendQueue: defaultSendQueue,
  relay: defaultRelay,
  stun: defaultStun,
  graceMs: 60_000,
  // All connections, and five times as many names that are held.
  maxNames: 65_536,
  // Names that could pass for the program's own voice.
  reserved: ["server", "system", "parley"],
  // A restart takes about a second.
  restart: { inMs: 1000, spreadMs: 5000 }
}
