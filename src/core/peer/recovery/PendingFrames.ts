import type { StreamId } from "../stream/StreamId.js"

/**
 * The control frames of one connection that are to be sent, for the first time or again: as quinn's `Retransmits`, one
 * set for all of them. Whoever wants a frame sent puts it here, and so does the loss of a packet that it was in; it is
 * made when it is sent, of what is true then, so that one is enough however often it was asked for. Each has its place
 * in a packet, which `PacketBuilder` and `Streams` know. (Bytes of streams are kept by their `SendStream`.)
 */
export class PendingFrames {
  consent = false
  candidates = false
  /** MAX_DATA of these streams, the conversation's included. */
  readonly limits = new Set<StreamId>()
  /** RESET of these streams. */
  readonly resets = new Set<StreamId>()

  get isEmpty(): boolean {
    return !this.consent && !this.candidates && this.limits.size === 0 && this.resets.size === 0
  }
}
