import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ServerKey } from "../domain/Certificate.js"
import type { Endpoint } from "../domain/Endpoint.js"
import type { Connection, ConnectionHandler, ConnectionLimits } from "./Connection.js"

/**
 * Accepts TCP connections without a fiber, scope or stream for each of them.
 *
 * @since 0.1.0
 */
export class Listener extends Context.Tag("parley/services/Listener")<
  Listener,
  {
    /**
     * Listens as long as the scope lives. Closing the scope stops accepting, lets the connections send what is queued
     * (for at most 500 ms), closes them, and calls `onClose` of each.
     *
     * `accept` is called for each connection, ahead of the handshake of TLS, and returns its handler, or `undefined` to
     * close it at once. Must not throw.
     */
    readonly listen: (
      options: ListenOptions,
      accept: (connection: Connection) => ConnectionHandler | undefined
    ) => Effect.Effect<Listening, ListenError, Scope.Scope>
  }
>() {}

/**
 * A listener that accepts.
 *
 * @since 0.1.0
 */
export interface Listening {
  /** 127.0.0.1 and port 0 of a socket of the file system. */
  readonly local: Endpoint
  /** What this machine calls itself, and others may reach it by. */
  readonly hostNames: ReadonlyArray<string>
  /** Of a listener with TLS. */
  readonly tls?: ListeningTls
  /** Connections that the system lets this program have at a time, where that is known to be bounded. */
  readonly capacity?: number
}

/**
 * The TLS of a listener.
 *
 * @since 0.1.0
 */
export interface ListeningTls {
  /** What clients see. */
  readonly shown: () => ShownCertificate
  /** Shows this to new connections from now on; the others stay. Fails, and changes nothing, when it is no good. */
  readonly renew: (credentials: TlsCredentials) => Effect.Effect<void, ListenError>
}

/**
 * The certificate that clients are shown.
 *
 * @since 0.1.0
 */
export interface ShownCertificate {
  readonly key: ServerKey
  /** ms since 1970 UTC. */
  readonly expires: number
}

/**
 * A certificate, with those between it and its authority, and its key: PEM.
 *
 * @since 0.1.0
 */
export interface TlsCredentials {
  readonly certificate: string
  readonly privateKey: string
}

/**
 * Where to listen, and with what limits.
 *
 * @since 0.1.0
 */
export interface ListenOptions extends Partial<ConnectionLimits> {
  /** A host name or an IP literal; all addresses of both families when left out. */
  readonly host?: string
  /** 0 lets the system choose. */
  readonly port: number
  /**
   * Listens on a socket of the file system, for programs of this machine, in place of a host and port. Whoever comes by
   * it is at 127.0.0.1 and port 0. What an ended program has left there is replaced; the socket is gone with the scope.
   */
  readonly socket?: SocketFile
  /**
   * Whether a connection from there, or by a socket of the file system (`undefined`), comes from a proxy: it has to
   * begin with a header of the PROXY protocol (versions 1 and 2), and is then, to `accept` and to `Connection`, one of
   * the client that the header names. Nobody is when left out.
   */
  readonly isProxy?: (remote: Endpoint | undefined) => boolean
  /**
   * All connections are WebSockets (docs/protocol.md §1.8); with TLS those alone that ask for one when left out.
   * Without TLS a proxy then says by `X-Forwarded-For` whose a connection is.
   */
  readonly isWeb?: boolean
  /** A proxy has sent no header, or none that can be read, and was closed. */
  readonly onBadProxy?: (remote: Endpoint) => void
  /**
   * Connections that the system completes ahead of `accept`; 4096 when left out. Whoever comes beyond that in one burst
   * is let in by the system's retry, 1 s later.
   */
  readonly backlog?: number
  /** Encrypts all connections with TLS 1.3; plain TCP when left out. */
  readonly tls?: TlsCredentials
  /** Called, now and then as long as it lasts, when connections are lost because the system has no room for them. */
  readonly onTrouble?: (message: string) => void
}

/**
 * A socket of the file system.
 *
 * @since 0.1.0
 */
export interface SocketFile {
  /** Absolute, or from the folder that the program was started in; at most 100 bytes. */
  readonly path: string
  /** Who may connect, as permission bits of a file: `0o600` is its owner alone. */
  readonly mode: number
}

/**
 * Why there is no listener.
 *
 * @since 0.1.0
 */
export class ListenError extends Data.TaggedError("ListenError")<{
  readonly reason: "AddressInUse" | "AddressNotAvailable" | "NotPermitted" | "HostNotFound" | "BadCredentials" | "Other"
  readonly message: string
  readonly cause?: unknown
}> {}
