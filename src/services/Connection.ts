import type { Endpoint } from "../domain/Endpoint.js"

/** One established TCP connection, driven by synchronous callbacks. Shared by `Listener` and `Dialer`. */
export interface Connection {
  readonly local: Endpoint
  readonly remote: Endpoint
  /**
   * Queues bytes for the peer, in order. `false` when the connection is closing or gone, or when the queue would exceed
   * its bound: nothing of `data` is then queued. Never throws. The caller leaves `data` untouched from here on.
   */
  readonly send: (data: Uint8Array) => boolean
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
  /** Called exactly once, after the last `onData`, however the connection ends. Must not throw. */
  readonly onClose: (reason: CloseReason) => void
}

/**
 * What closed the connection first. `ended`: the peer closed in order, or broke off and the system took it for that.
 * `reset`: the connection broke. `local`: this side closed, or the scope did.
 */
export type CloseReason = "ended" | "reset" | "local"

export interface ConnectionLimits {
  /** Bound of the send queue in bytes. */
  readonly sendQueue: number
}

/** 96 KiB: room for a page of the largest list and some events, little enough that 10,000 stalled readers cost 1 GB. */
export const defaultSendQueue = 96 * 1024
