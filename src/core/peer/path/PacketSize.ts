import { MAX_DATAGRAM, SAFE_DATAGRAM } from "../../../protocol/DataPacket.js"

/**
 * How large a packet one path carries (DPLPMTUD, RFC 8899): `SAFE_DATAGRAM` until larger ones were acknowledged, tried
 * one at a time while there is more to send than a packet holds. `MAX_DATAGRAM` comes first, as nearly every path takes
 * it; where it does not, `LESSER`; where it does, larger ones in ascending order.
 *
 * A program cannot set the don't-fragment bit through Node, and with its default setting Linux loses only the *first*
 * datagram that is too large for the path and then fragments the next ones. So a size above `MAX_DATAGRAM` that was
 * lost once counts as too large for `FAILED_FOR`, and is never tried twice in a row. Up to `MAX_DATAGRAM` fragments do
 * no harm where they arrive, and a lossy link is no reason to send small packets for long: these are tried `TRIES`
 * times.
 */
export class PacketSize {
  #current = SAFE_DATAGRAM
  /** The size before the path fell silent, until it is known whether it carries this size still. */
  #former: number | undefined
  /** Sizes above `MAX_DATAGRAM`, ascending. */
  readonly #sizes: ReadonlyArray<number>
  #probing = false
  readonly #failures = new Map<number, { times: number; at: number }>()
  /** Full packets that were lost since the last one that arrived, and at how many moments these losses were noticed. */
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

  /** Whether packets are small only because the path fell silent, and might be larger. */
  get isInDoubt(): boolean {
    return this.#former !== undefined
  }

  /** The size to try now; `undefined` when there is none. */
  probe(now: number): number | undefined {
    if (this.#probing) return undefined
    if (this.#former !== undefined) return this.#former
    if (this.#current < MAX_DATAGRAM) {
      const next = this.#hasFailed(MAX_DATAGRAM, now) ? LESSER : MAX_DATAGRAM
      return next > this.#current && !this.#hasFailed(next, now) ? next : undefined
    }
    const next = this.#sizes.find((size) => size > this.#current)
    // A path that does not carry this size does not carry a larger one either.
    return next === undefined || this.#hasFailed(next, now) ? undefined : next
  }

  /** Whether the path was found not to carry what nearly every other one does. */
  isNarrow(now: number): boolean {
    return this.#current < MAX_DATAGRAM && this.#hasFailed(MAX_DATAGRAM, now)
  }

  onProbeSent(): void {
    this.#probing = true
  }

  onProbeAcknowledged(size: number): void {
    this.#probing = false
    if (this.#former !== undefined && size >= this.#former) this.#former = undefined
    this.#current = Math.max(this.#current, size)
    this.#failures.delete(size)
    this.#forgive()
  }

  onProbeLost(size: number, now: number): void {
    this.#probing = false
    const before = this.#failures.get(size)
    const times = before === undefined || now >= before.at + FAILED_FOR ? 0 : before.times
    this.#failures.set(size, { times: times + 1, at: now })
    if (size === this.#former) this.#former = undefined
  }

  /** A packet of `bytes` arrived. */
  onAcknowledged(bytes: number): void {
    if (this.#former !== undefined && this.#tellsOf(this.#former, bytes)) {
      this.#current = this.#former
      this.#former = undefined
    }
    if (this.#tellsOf(this.#current, bytes)) this.#forgive()
  }

  /**
   * A packet of `bytes` was lost. When many full ones are lost, noticed at several moments, and none arrives in
   * between, the path is a black hole for this size: it is begun anew, without this size. Any number of losses noticed
   * at one moment only means that a queue or a buffer was full.
   */
  onLost(bytes: number, now: number): void {
    if (!this.#tellsOf(this.#current, bytes)) return
    this.#lostInRow++
    if (now > this.#lostAt) this.#moments++
    this.#lostAt = now
    if (this.#lostInRow < BLACK_HOLE || this.#moments < BLACK_HOLE_MOMENTS) return
    this.#failures.set(this.#current, { times: TRIES, at: now })
    this.#current = SAFE_DATAGRAM
    this.#forgive()
  }

  /**
   * Nothing of what was sent is acknowledged any more. Perhaps the path carries only smaller packets now, or the peer
   * was only busy for a moment, which says nothing of the size (RFC 8899 §4.3). So packets are small until there is an
   * answer: one to a full packet brings the former size back at once, and otherwise a single probe of it decides.
   */
  onSilence(): void {
    if (this.#current > SAFE_DATAGRAM) this.#former = this.#current
    this.#current = SAFE_DATAGRAM
    this.#forgive()
  }

  /** Whether this size was tried as often as it may be within `FAILED_FOR`. */
  #hasFailed(size: number, now: number): boolean {
    const failure = this.#failures.get(size)
    return failure !== undefined && now < failure.at + FAILED_FOR && failure.times >= (size > MAX_DATAGRAM ? 1 : TRIES)
  }

  /** Whether a packet of so many bytes tells of this size, and not only of the one below. */
  #tellsOf(full: number, bytes: number): boolean {
    const below = [SAFE_DATAGRAM, LESSER, MAX_DATAGRAM, ...this.#sizes].findLast((size) => size < full)
    return below !== undefined && bytes > below
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
/** Bytes: for the Wi-Fi and tunnels that carry less than 1200, of which some swallow what is larger than 1,124. */
const LESSER = 1_024
/** Times that a size up to `MAX_DATAGRAM` is tried (RFC 8899 §5.1.2: MAX_PROBES). */
const TRIES = 3
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
