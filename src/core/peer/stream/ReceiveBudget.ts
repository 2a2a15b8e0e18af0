/**
 * What all connections of a client together may hold for streams: bytes that came and were not read, and windows that
 * were granted; and how many streams their peers may have begun.
 *
 * The window that a stream begins with is a promise of the protocol to everybody, and would be some gigabytes if all
 * took it at once. So only what has come of it counts, and a stream whose bytes are one too many is given up. What is
 * granted beyond counts from then on, so a transfer that flows is never given up.
 */
export class ReceiveBudget {
  #bytes = 0
  #theirs = 0
  #raised = 0

  get bytes(): number {
    return this.#bytes
  }

  get isOver(): boolean {
    return this.#bytes > TOTAL_BYTES
  }

  /** Bytes that may be granted yet. */
  get left(): number {
    return Math.max(0, TOTAL_BYTES - this.#bytes)
  }

  /** Bytes that each of the streams that flow may have. */
  get share(): number {
    return Math.floor(TOTAL_BYTES / Math.max(1, this.#raised))
  }

  charge(bytes: number): void {
    this.#bytes += bytes
  }

  /** Whether a peer that has `open` streams of its own may begin one more. */
  hasRoom(open: number): boolean {
    return this.#theirs < MANY_STREAMS || open < FEW_STREAMS
  }

  /** The peers have so many streams more, or fewer. */
  countTheirs(change: number): void {
    this.#theirs += change
  }

  /** So many streams more, or fewer, were granted more than they begin with. */
  countRaised(change: number): void {
    this.#raised += change
  }
}

/** Eight transfers that flow at once, each with all that a stream may have. */
export const TOTAL_BYTES = 64 * 1024 * 1024
/** Streams of all peers together from which on each may have only few: some 4 MB, with who serves them. */
export const MANY_STREAMS = 256
/** Streams that each peer may begin whatever the others do. */
export const FEW_STREAMS = 4
