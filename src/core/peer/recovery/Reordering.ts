import type { Ack } from "../../../protocol/Frame.js"
import type { SentPacket } from "./SentPackets.js"

/**
 * How much a path reorders, learnt from packets that were given up and acknowledged after all. Until that has happened
 * three later packets mean a loss (RFC 9002 §6.1.1); from then on time alone does, and as much more of it as the latest
 * of them took (RFC 8985 §6.2), within a round trip.
 */
export class Reordering {
  /** Packets that were found lost lately, in the order of their numbers; at most `MAX_SUSPECTS`. */
  #suspects: Array<SentPacket> = []
  #isSeen = false
  #lateness = 0

  /** Later packets whose acknowledgement makes one lost. */
  get packetThreshold(): number {
    return this.#isSeen ? Number.POSITIVE_INFINITY : PACKET_THRESHOLD
  }

  /** ms after which a packet is lost once a later one is acknowledged, of `delay` without any reordering. */
  lossDelay(delay: number, roundTrip: number): number {
    return Math.max(delay, roundTrip + Math.min(this.#lateness, roundTrip))
  }

  /** A packet was found lost. */
  onLost(packet: SentPacket): void {
    this.#suspects.push(packet)
    if (this.#suspects.length > MAX_SUSPECTS) this.#suspects.shift()
  }

  /**
   * Gives the packets that this acknowledges although they had been given up. `roundTrip` is what an orderly one takes.
   */
  onAck(ack: Ack, roundTrip: number, now: number): ReadonlyArray<SentPacket> {
    if (this.#suspects.length === 0) return NONE
    const late: Array<SentPacket> = []
    const patience = 2 * roundTrip + FORGET_AFTER
    this.#suspects = this.#suspects.filter((packet) => {
      if (packet.sentAt + patience <= now) return false
      const hasCome = ack.ranges.some(({ end, start }) => packet.number >= start && packet.number < end)
      if (hasCome) late.push(packet)
      return !hasCome
    })
    for (const { sentAt } of late) {
      this.#isSeen = true
      this.#lateness = Math.max(this.#lateness, now - sentAt - roundTrip)
    }
    return late
  }
}

const NONE: ReadonlyArray<SentPacket> = []
/** RFC 9002 §6.1.1. */
const PACKET_THRESHOLD = 3
/** Packets: what a window of usual size loses in two round trips at one in ten. */
const MAX_SUSPECTS = 256
/** ms on top of two round trips: as long as any acknowledgement is held back, and an event loop is busy. */
const FORGET_AFTER = 100
