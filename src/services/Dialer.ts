import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ProxyAddress } from "../domain/ProxyAddress.js"
import type { Connection, ConnectionHandler, ConnectionLimits } from "./Connection.js"

/**
 * Opens TCP connections.
 *
 * @since 0.1.0
 */
export class Dialer extends Context.Tag("parley/services/Dialer")<
  Dialer,
  {
    /**
     * Connects, within `timeoutMs`, the handshake of TLS included. The connection is destroyed when the scope closes or
     * when it ends by itself, whichever is first. `handler` is asked for once, before the first byte can arrive.
     */
    readonly dial: (
      options: DialOptions,
      handler: (connection: Connection) => ConnectionHandler
    ) => Effect.Effect<Connection, DialError, Scope.Scope>
  }
>() {}

/**
 * Whom to dial, and how.
 *
 * @since 0.1.0
 */
export interface DialOptions extends Partial<ConnectionLimits> {
  /** A host name or an IP literal. */
  readonly host: string
  readonly port: number
  /** A socket of the file system, in place of the host and port, which then do not matter. */
  readonly socket?: string
  /** 5,000 ms when left out. */
  readonly timeoutMs?: number
  /** Encrypts the connection; plain TCP when left out. Whether the other side is the right one is for the caller. */
  readonly tls?: DialTls
  /** Asks for a WebSocket (docs/protocol.md §1.8) and gives the link in it. */
  readonly isWeb?: boolean
  /** Goes through this proxy, which looks the host's name up; `remote` of the connection is then the proxy. */
  readonly proxy?: ProxyAddress
}

/**
 * What a dialled connection with TLS has to show.
 *
 * @since 0.1.0
 */
export interface DialTls {
  /** Certificates of the authorities to trust, PEM; those that the system knows when left out. */
  readonly authorities?: string
}

/**
 * Why there is no connection.
 *
 * @since 0.1.0
 */
export class DialError extends Data.TaggedError("DialError")<{
  /**
   * `NoTls`: somebody is there, and no encrypted connection came about; `NoWeb`: no WebSocket. `Proxy`: the proxy does
   * not lead there.
   */
  readonly reason: "Refused" | "TimedOut" | "HostNotFound" | "Unreachable" | "NoTls" | "NoWeb" | "Proxy" | "Other"
  readonly message: string
  readonly cause?: unknown
}> {}
