import type { Guess } from "../../../protocol/Frame.js"
import type { StreamId } from "../stream/StreamId.js"

/**
 * The control frames of one connection that are to be sent, for the first time or again: one set for all of them, as
 * quinn's `Retransmits`. A part of the connection that wants a frame sent notes it here, and so does the connection
 * when the packet with the frame is lost. The frame is made at the moment of sending, of what is true then; so one is
 * enough, however often it was asked for. `PacketBuilder` and `Streams` write the frames into packets. (Bytes of
 * streams are kept by their `SendStream`.)
 */
export class PendingFrames {
  consent = false
  candidates = false
  /** The newest alone: an earlier one is about NATs that have been opened too long ago. */
  guess: Guess | undefined
  /** MAX_DATA of these streams, the conversation's included. */
  readonly limits = new Set<StreamId>()
  /** RESET of these streams. */
  readonly resets = new Set<StreamId>()

  get isEmpty(): boolean {
    const { candidates, consent, guess, limits, resets } = this
    return !consent && !candidates && guess === undefined && limits.size === 0 && resets.size === 0
  }
}
