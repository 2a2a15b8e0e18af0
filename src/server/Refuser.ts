import { RefusalLog, type RefusalReason } from "../core/rendezvous/RefusalLog.js"
import { TokenBucket } from "../core/support/TokenBucket.js"
import type * as Endpoint from "../domain/Endpoint.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import type { Time } from "../services/Time.js"
import type { Counters } from "./Counters.js"

/**
 * Turns connections away, and keeps the log of who was. Each gets a line that says why, as long as not too many others
 * are being told: a refusal must cost less than what it refuses.
 */
export class Refuser {
  readonly #time: Time
  readonly #counters: Counters
  readonly #log: (message: string, annotations: Readonly<Record<string, unknown>>) => void
  readonly #refusals: RefusalLog
  /** Handshakes of TLS with those who are turned away. */
  readonly #dearWords: TokenBucket
  #size = 0

  /** `log` writes a line for whoever runs the server. */
  constructor(
    time: Time,
    counters: Counters,
    log: (message: string, annotations: Readonly<Record<string, unknown>>) => void
  ) {
    const now = time.monotonic()
    this.#time = time
    this.#counters = counters
    this.#log = log
    this.#refusals = new RefusalLog(now)
    this.#dearWords = new TokenBucket(DEAR_WORDS, now)
  }

  /** How many are being told now: at most `MAX_TURNED_AWAY`. */
  get size(): number {
    return this.#size
  }

  /** The handler of a connection that gets this line and no session. Without a `reason` it is not logged. */
  turnAway(connection: Connection, line: string, reason?: RefusalReason): ConnectionHandler {
    this.#counters.refused++
    if (reason !== undefined) this.note(connection.remote, reason)
    // The words cost a handshake where the link is encrypted, which is more than a flood of strangers is worth.
    const isDear = connection.tls !== undefined && this.#dearWords.take(this.#time.monotonic()) > 0
    if (isDear || this.#size >= MAX_TURNED_AWAY) {
      connection.destroy()
      return IGNORE
    }
    this.#size++
    connection.send(line)
    connection.end(TURN_AWAY_MS)
    return { onData: () => {}, onClose: () => this.#size-- }
  }

  /** Somebody was turned away, here or later. */
  note(remote: Endpoint.Endpoint, reason: RefusalReason, more: { readonly name?: string } = {}): void {
    this.#counters.refusals[reason]++
    const line = this.#refusals.note(remote.address, reason, this.#time.monotonic())
    if (line !== undefined) this.#log("refused", { ...line, ...more })
  }
}

/** Connections that are being told why they are refused. */
export const MAX_TURNED_AWAY = 256
/** ms for a refusal to get out. */
const TURN_AWAY_MS = 100
/** Handshakes: three hundredths of a core, at 1.5 ms each. */
const DEAR_WORDS = { burst: 50, perSecond: 20 }

const IGNORE: ConnectionHandler = { onData: () => {}, onClose: () => {} }
