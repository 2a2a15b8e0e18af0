import type { Frame } from "../../../protocol/Frame.js"
import type { StreamId } from "../stream/StreamId.js"

/**
 * How each kind of frame is delivered. Every kind has its line here, or this does not compile.
 *
 * - `probe`: tests a path, with an answer of its own (PONG). It moves nobody to another path.
 * - `once`: needs no answer, and is not repeated.
 * - `reliable`: is acknowledged, and what it says is sent again when its packet was lost.
 */
export const DELIVERY = {
  Ping: "probe",
  Pong: "probe",
  Ack: "once",
  Stream: "reliable",
  MaxData: "reliable",
  Candidates: "reliable",
  Consent: "reliable",
  Reset: "reliable",
  Bye: "once"
} as const satisfies { readonly [Tag in Frame["_tag"]]: "probe" | "once" | "reliable" }

type ReliableTag = { [Tag in Frame["_tag"]]: (typeof DELIVERY)[Tag] extends "reliable" ? Tag : never }[Frame["_tag"]]

/** What is remembered of a reliable frame until its packet is acknowledged or lost: enough to make it anew. */
interface Remembered {
  readonly Stream: { readonly stream: StreamId; readonly start: number; readonly end: number }
  readonly MaxData: { readonly stream: StreamId }
  readonly Reset: { readonly stream: StreamId }
  readonly Candidates: unknown
  readonly Consent: unknown
}

/** `SizeProbe` is nothing but its size: whether a larger packet comes through. */
type Remembering = { readonly [Tag in ReliableTag]: Remembered[Tag] } & {
  readonly SizeProbe: { readonly size: number }
}

export type SentTag = keyof Remembering

/** Something in a packet that has to arrive; what to do when it did or did not is up to its owner. */
export type SentFrame<Tag extends SentTag = SentTag> = {
  readonly [Each in Tag]: { readonly _tag: Each } & Remembering[Each]
}[Tag]

/** What becomes of each kind of frame, once `owner` knows. A kind that is left out does not compile. */
export type Fates<Owner> = {
  readonly [Tag in SentTag]: {
    readonly acknowledged: (owner: Owner, frame: SentFrame<Tag>) => void
    /** It must be sent again, in a new packet; it may arrive yet all the same. */
    readonly lost: (owner: Owner, frame: SentFrame<Tag>, now: number) => void
  }
}
