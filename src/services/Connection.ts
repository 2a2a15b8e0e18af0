import type { Certificate } from "../domain/Certificate.js"
import type { Endpoint } from "../domain/Endpoint.js"

/**
 * One established TCP connection, driven by synchronous callbacks. Shared by `Listener` and `Dialer`.
 *
 * @since 0.1.0
 */
export interface Connection {
  /** To be asked for while the connection is there. */
  readonly local: Endpoint
  readonly remote: Endpoint
  /** Of a connection that is encrypted with TLS 1.3, and of no other. */
  readonly tls?: Tls
  /**
   * Queues bytes for the peer, or a text in UTF-8, in order. `false` when the connection is closing or gone, or when
   * the queue would exceed its bound: nothing of `data` is then queued. Never throws. The caller leaves `data`
   * untouched from here on.
   */
  readonly send: (data: Uint8Array | string) => boolean
  /** Bytes accepted by `send` that the system has not taken yet. */
  readonly queued: () => number
  /** Stops `onData` until `resume`; bytes wait in the system's buffers and the peer is slowed down. */
  readonly pause: () => void
  readonly resume: () => void
  /**
   * Sends what is queued, then closes, and calls `onClose`. A peer that has not taken the rest within `withinMs`, 2 s
   * when left out, is given up.
   */
  readonly end: (withinMs?: number) => void
  /** Closes at once and drops what is queued. `onClose` follows; the peer may see `ended` or `reset`. */
  readonly destroy: () => void
}

/**
 * What TLS knows of a connection.
 *
 * @since 0.1.0
 */
export interface Tls {
  /**
   * 32 bytes that both ends of this connection have, and no other connection (RFC 9266, `tls-exporter`). `undefined` as
   * long as the handshake is not over, which it is before the first `onData`, and where TLS ends at a proxy.
   */
  readonly exporter: () => Uint8Array | undefined
  /** What the other side has shown; on the dialled end alone. Nobody has judged it. */
  readonly certificate?: Certificate
}

/**
 * Who is told what arrives on a connection, and of its end.
 *
 * @since 0.1.0
 */
export interface ConnectionHandler {
  /**
   * Bytes in order of arrival; the borders of the chunks mean nothing. `data` belongs to the callee. Never called after
   * this side has called `end` or `destroy`. Must not throw.
   */
  readonly onData: (data: Uint8Array) => void
  /**
   * The peer has ended its side and still reads: called at most once, after the last `onData`. The callee sends the
   * replies that it owes and calls `end`. Without an `onEnd`, the connection sends what is queued by then and ends by
   * itself. Must not throw.
   */
  readonly onEnd?: () => void
  /**
   * Of a connection that is to be encrypted: the client has said so, and `goOn` answers it, which costs more than
   * anything else that a stranger can ask for. To be called once, now or later; without an `onHello` it happens at
   * once. What is sent before waits. A second call: the client was asked for another ClientHello. Must not throw.
   */
  readonly onHello?: (goOn: () => void) => void
  /**
   * Of an encrypted connection: so many records were read out of which no data came, as those of the handshake and
   * KeyUpdate (RFC 8446, §4.6.3). Each costs as much as reading a line. Must not throw.
   */
  readonly onIdleRecords?: (count: number) => void
  /** Called exactly once, after the last `onData`, however the connection ends. Must not throw. */
  readonly onClose: (reason: CloseReason) => void
}

/**
 * What closed the connection first. `ended`: the peer closed in order, or broke off and the system took it for that.
 * `reset`: the connection broke. `local`: this side closed, or the scope did.
 *
 * @since 0.1.0
 */
export type CloseReason = "ended" | "reset" | "local"

/**
 * Bounds of one connection.
 *
 * @since 0.1.0
 */
export interface ConnectionLimits {
  /** Bound of the send queue in bytes. */
  readonly sendQueue: number
}

/** 96 KiB: room for a page of the largest list and some events, little enough that 10,000 stalled readers cost 1 GB. */
export const defaultSendQueue = 96 * 1024
