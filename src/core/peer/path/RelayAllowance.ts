import { MAX_DATAGRAM } from "../../../protocol/DataPacket.js"
import { type Rate, TokenBucket } from "../../support/TokenBucket.js"

/**
 * What the server's relay will carry of ours on one channel, reckoned as the server reckons it (docs/protocol.md
 * §2.2), and a little less: packets that bunch up on the way then still find room, and none is lost to the limit. The
 * channel has one, whatever connections come and go on it.
 */
export class RelayAllowance {
  readonly #bucket: TokenBucket
  readonly #burst: number

  constructor(rate: Rate, now: number) {
    this.#burst = Math.max(LEAST_BURST, rate.burst * BURST_SHARE)
    this.#bucket = new TokenBucket({ burst: this.#burst, perSecond: rate.perSecond * RATE_SHARE }, now)
  }

  /** When a full packet may leave, as seen at `now`: `now` itself if one may leave at once. */
  readyAt(now: number): number {
    return now + this.#bucket.wait(now, costOf(MAX_DATAGRAM))
  }

  /**
   * Whether there is room for a copy of what goes another way as well: small ones while there is any, large ones only
   * while there is plenty, so that a file does not take the room of what is said.
   */
  mayCopy(bytes: number, now: number): boolean {
    return this.#bucket.left(now) - costOf(bytes) > (bytes <= SMALL_COPY ? 0 : this.#burst / 2)
  }

  /** A packet has left, of whatever kind. */
  onSent(bytes: number, now: number): void {
    this.#bucket.charge(now, costOf(bytes))
  }
}

/** Bytes that the server counts for a packet besides its own. */
const PACKET_COST = 64
const costOf = (bytes: number) => bytes + PACKET_COST

/** Part of the burst: the rest is for packets that were delayed, and come with the ones after them. */
const BURST_SHARE = 7 / 8
/** Bytes: two full packets, whatever the server says. */
const LEAST_BURST = 2 * costOf(MAX_DATAGRAM)
/** Part of the rate: what we do not count (handshakes) is small, and made up for by this. */
const RATE_SHARE = 0.99
/** Bytes of a copy that counts as small: lines of chat. */
const SMALL_COPY = 512
