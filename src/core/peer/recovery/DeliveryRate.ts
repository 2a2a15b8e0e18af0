/**
 * Estimates how fast a path delivers (draft-cheng-iccrg-delivery-rate-estimation): the bytes that were acknowledged
 * between the sending of a packet and its acknowledgement, divided by the time that took. Of the time to send these
 * bytes and the time to acknowledge them the longer one counts, so that neither a burst of data nor one of
 * acknowledgements looks like speed. All in bytes and ms.
 */
export class DeliveryRate {
  #delivered = 0
  #deliveredAt = 0
  /** When the first packet of the flight that is being measured was sent. */
  #firstSentAt = 0
  /**
   * Until so many bytes are delivered, samples are of packets that were sent when the application had nothing more to
   * send; 0 when there are none such.
   */
  #limitedUntil = 0
  /** The newest packet of the acknowledgement at hand. */
  #newest: Stamp | undefined
  #newestSentAt = 0

  get delivered(): number {
    return this.#delivered
  }

  /** What to remember of a packet sent now. */
  stamp(inFlight: number, now: number): Stamp {
    if (inFlight === 0) this.#firstSentAt = this.#deliveredAt = now
    return {
      delivered: this.#delivered,
      deliveredAt: this.#deliveredAt,
      firstSentAt: this.#firstSentAt,
      limited: this.#limitedUntil > 0
    }
  }

  /** The application has nothing more to send than the `inFlight` bytes under way. */
  onApplicationLimited(inFlight: number): void {
    this.#limitedUntil = Math.max(1, this.#delivered + inFlight)
  }

  onAcked(stamp: Stamp, bytes: number, sentAt: number, now: number): void {
    this.#delivered += bytes
    this.#deliveredAt = now
    if (this.#newest !== undefined && stamp.delivered < this.#newest.delivered) return
    this.#newest = stamp
    this.#newestSentAt = sentAt
    this.#firstSentAt = sentAt
  }

  /** The estimate from all that was acknowledged since the last call; `shortest` is the shortest round trip known. */
  take(shortest: number): Estimate | undefined {
    const newest = this.#newest
    if (newest === undefined) return undefined
    this.#newest = undefined
    if (this.#limitedUntil > 0 && this.#delivered > this.#limitedUntil) this.#limitedUntil = 0
    const elapsed = Math.max(this.#newestSentAt - newest.firstSentAt, this.#deliveredAt - newest.deliveredAt)
    return {
      rate: elapsed < shortest || elapsed <= 0 ? undefined : (this.#delivered - newest.delivered) / elapsed,
      limited: newest.limited,
      priorDelivered: newest.delivered
    }
  }
}

/** The state of delivery when a packet left. */
export interface Stamp {
  readonly delivered: number
  readonly deliveredAt: number
  readonly firstSentAt: number
  readonly limited: boolean
}

export interface Estimate {
  /** Bytes/ms. */
  readonly rate: number | undefined
  readonly limited: boolean
  readonly priorDelivered: number
}
