import * as Bytes from "../../../protocol/Bytes.js"
import type { HandshakePayload } from "../../../protocol/Handshake.js"
import { NEVER } from "../../support/Deadline.js"
import type { Connection } from "../Connection.js"
import type { OpenIntroduction } from "./OpenIntroduction.js"

/**
 * The connections that we made by answering a handshake, and that wait for their first packet: until that packet comes
 * the handshake may have been a replay, or one that its sender has given up for another.
 *
 * There is one for each introduction, made by the newest handshake on its channel: there the number of the attempt
 * tells old from new. Between channels nothing does, since their packets overtake each other; so the peer may go on
 * with either of two handshakes, and both connections wait.
 */
export class HalfOpen {
  readonly #waiting = new Map<OpenIntroduction, Waiting>()

  get connections(): ReadonlyArray<Connection> {
    return Array.from(this.#waiting.values(), ({ connection }) => connection)
  }

  get newest(): Connection | undefined {
    return this.connections.at(-1)
  }

  /**
   * Has a connection wait. One that waits already may be added again, when the peer has made new keys for it on this
   * introduction.
   */
  add(connection: Connection, introduction: OpenIntroduction, now: number): void {
    this.take(connection)
    const former = this.#waiting.get(introduction)
    if (former !== undefined) drop(former)
    this.#waiting.delete(introduction)
    this.#waiting.set(introduction, { connection, introduction, since: now })
  }

  /** The first packet on this connection came in, so it waits no longer. `undefined` when it was not waiting. */
  take(connection: Connection): Waiting | undefined {
    for (const waiting of this.#waiting.values()) {
      if (waiting.connection !== connection) continue
      this.#waiting.delete(waiting.introduction)
      return waiting
    }
    return undefined
  }

  /** When the next connection has waited for `UNCONFIRMED_FOR`. */
  get timeout(): number {
    let timeout = NEVER
    for (const { since } of this.#waiting.values()) timeout = Math.min(timeout, since + UNCONFIRMED_FOR)
    return timeout
  }

  /** Gives up the connections that have waited for `UNCONFIRMED_FOR`; gives the introduction of the newest of them. */
  expire(now: number): OpenIntroduction | undefined {
    let expired: OpenIntroduction | undefined
    for (const waiting of this.#waiting.values()) {
      if (now < waiting.since + UNCONFIRMED_FOR) continue
      this.#waiting.delete(waiting.introduction)
      drop(waiting)
      expired = waiting.introduction
    }
    return expired
  }

  dropAll(): void {
    for (const waiting of this.#waiting.values()) drop(waiting)
    this.#waiting.clear()
  }
}

export interface Waiting {
  readonly connection: Connection
  readonly introduction: OpenIntroduction
  readonly since: number
}

/**
 * Whether the sender of a handshake names this connection by its two ends: then the handshake brings it new keys,
 * otherwise it makes a new connection.
 */
export const isNamed = (connection: Connection, { connection: remoteId, peerConnection }: HandshakePayload): boolean =>
  Bytes.equal(connection.localId, peerConnection) && Bytes.equal(connection.remoteId, remoteId)

const drop = ({ connection }: Waiting): void => {
  connection.ended = "replaced"
  connection.close()
}

/**
 * ms that a connection waits for its first packet: the initiator resends at least every 6 s until it has the answer.
 */
const UNCONFIRMED_FOR = 20_000
