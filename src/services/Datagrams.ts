import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Endpoint, Family } from "../domain/Endpoint.js"

/**
 * UDP. Delivery is a synchronous callback, because a queue or a fiber for each packet costs more than the packet's own
 * system call.
 *
 * @since 0.1.0
 */
export class Datagrams extends Context.Tag("parley/services/Datagrams")<
  Datagrams,
  {
    /** Binds a socket that lives as long as the scope; after the scope closed, `onDatagram` is never called again. */
    readonly bind: (options: BindOptions) => Effect.Effect<DatagramSocket, DatagramsError, Scope.Scope>
  }
>() {}

/**
 * Where to bind, and who is told of what arrives.
 *
 * @since 0.1.0
 */
export interface BindOptions {
  readonly family: Family
  /** An IP literal of `family`; the unspecified address when left out. */
  readonly address?: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Called for each datagram, in order of arrival. `data` belongs to the callee. Must not throw. */
  readonly onDatagram: (from: Endpoint, data: Uint8Array) => void
  /**
   * Called once after one or more `onDatagram`, when no further datagram is at hand, or likely to be, or others have
   * waited long enough, and before anything else runs that waits for I/O or time. One answer given here does for all of
   * them. Must not throw.
   */
  readonly onIdle?: () => void
  /** The one endpoint, of `family`, that it sends to and hears; any when left out. */
  readonly only?: Endpoint
  /**
   * Called when a datagram to `only` was refused on the way or at its end (ICMP), where the system tells so. Must not
   * throw.
   */
  readonly onRefused?: () => void
}

/**
 * A bound UDP socket, closed with its scope.
 *
 * @since 0.1.0
 */
export interface DatagramSocket {
  /** The bound address; unspecified (`0.0.0.0`, `::`) unless one was asked for. */
  readonly local: Endpoint
  /**
   * Sends at most once, best effort: a failure of any kind counts as a lost packet. Never throws, also after the scope
   * closed or for an endpoint of the other family. `true`: this and all `data` before may be changed again; `false`:
   * the system has no room for now, and some of it is read later, from where it is.
   */
  readonly send: (to: Endpoint, data: Uint8Array) => boolean
  /** Bytes of arrived datagrams that the system can hold for us: bounds what a peer may have in flight. */
  readonly receiveBuffer: number
}

/**
 * Why a UDP socket cannot be had.
 *
 * @since 0.1.0
 */
export class DatagramsError extends Data.TaggedError("DatagramsError")<{
  readonly reason: "AddressInUse" | "AddressNotAvailable" | "NotPermitted" | "Unsupported" | "Other"
  readonly message: string
  readonly cause?: unknown
}> {}
