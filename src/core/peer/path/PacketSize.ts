import { MAX_DATAGRAM } from "../../../protocol/DataPacket.js"

/**
 * How large a packet one path carries (DPLPMTUD, RFC 8899): `MAX_DATAGRAM` until larger ones were acknowledged, tried
 * in ascending order, one at a time, while there is bulk to send.
 *
 * A program cannot set the don't-fragment bit through Node, and with its default setting Linux loses only the *first*
 * datagram that is too large for the path and then fragments the next ones. So a size that was lost once counts as too
 * large for `FAILED_FOR`, and is never tried twice in a row.
 */
export class PacketSize {
  #current = MAX_DATAGRAM
  /** Sizes above the current one, ascending. */
  readonly #sizes: ReadonlyArray<number>
  #probing = false
  #failedAt = new Map<number, number>()
  /**
   * Packets larger than `MAX_DATAGRAM` that were lost since the last one that arrived, and at how many moments these
   * losses were noticed.
   */
  #lostInRow = 0
  #moments = 0
  #lostAt = Number.NEGATIVE_INFINITY

  constructor(sizes: ReadonlyArray<number>) {
    this.#sizes = sizes
  }

  /** Bytes of a full packet. */
  get current(): number {
    return this.#current
  }

  /** The size to try now; `undefined` when there is none. */
  probe(now: number): number | undefined {
    if (this.#probing) return undefined
    for (const size of this.#sizes) {
      if (size <= this.#current) continue
      const failedAt = this.#failedAt.get(size)
      // A path that does not carry this size does not carry a larger one either.
      return failedAt !== undefined && now < failedAt + FAILED_FOR ? undefined : size
    }
    return undefined
  }

  onProbeSent(): void {
    this.#probing = true
  }

  onProbeAcknowledged(size: number): void {
    this.#probing = false
    this.#current = Math.max(this.#current, size)
    this.#forgive()
  }

  onProbeLost(size: number, now: number): void {
    this.#probing = false
    this.#failedAt.set(size, now)
  }

  /** A packet of `bytes` arrived. */
  onAcknowledged(bytes: number): void {
    if (bytes > MAX_DATAGRAM) this.#forgive()
  }

  /**
   * A packet of `bytes` was lost. When many large ones are lost, noticed at several moments, and none arrives in
   * between, the path is a black hole for this size: the size goes back to what every path carries. Any number of
   * losses noticed at one moment only means that a queue or a buffer was full.
   */
  onLost(bytes: number, now: number): void {
    if (bytes <= MAX_DATAGRAM) return
    this.#lostInRow++
    if (now > this.#lostAt) this.#moments++
    this.#lostAt = now
    if (this.#lostInRow < BLACK_HOLE || this.#moments < BLACK_HOLE_MOMENTS) return
    this.#failedAt.set(this.#current, now)
    this.#current = MAX_DATAGRAM
    this.#forgive()
  }

  #forgive(): void {
    this.#lostInRow = this.#moments = 0
  }
}

/**
 * Between machines: Ethernet less the headers of IPv6 and UDP, with room for a PPPoE session; what IPv4 could carry
 * more is not worth a probe.
 */
export const INTERNET_SIZES: ReadonlyArray<number> = [1432]
/** A local network may also have jumbo frames. */
export const LAN_SIZES: ReadonlyArray<number> = [1452, 8_900]
/** The loopback interface takes 64 KiB; from 16 KiB on the cipher, not the system call, is the limit. */
export const LOOPBACK_SIZES: ReadonlyArray<number> = [1_452, 8_900, 16_384]
/** ms: as long as Linux remembers the size of a path. */
const FAILED_FOR = 600_000
/**
 * Large packets lost in a row: even on a path that loses 10 % of its packets, ten in a row are due to their size and
 * not to the load.
 */
const BLACK_HOLE = 10
/**
 * Moments at which these losses are noticed. A full buffer loses hundreds in a row, but all of them are noticed at one
 * or two moments, when the first packets after them arrive.
 */
const BLACK_HOLE_MOMENTS = 3
