import type { Frame, Guess } from "../../../protocol/Frame.js"
import type { PacketSize } from "../path/PacketSize.js"
import type { StreamId } from "../stream/StreamId.js"

/**
 * How each kind of frame is delivered. Every kind has its line here, or this does not compile.
 *
 * - `probe`: tests a path, with an answer of its own (PONG). It never moves the conversation to another path.
 * - `once`: needs no answer, and is not repeated.
 * - `reliable`: is acknowledged, and when its packet was lost what it says is sent again.
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
  Bye: "once",
  Guess: "reliable"
} as const satisfies { readonly [Tag in Frame["_tag"]]: "probe" | "once" | "reliable" }

type ReliableTag = { [Tag in Frame["_tag"]]: (typeof DELIVERY)[Tag] extends "reliable" ? Tag : never }[Frame["_tag"]]

/** What is remembered of a reliable frame until its packet is acknowledged or lost: enough to make it anew. */
interface Remembered {
  readonly Stream: { readonly stream: StreamId; readonly start: number; readonly end: number }
  readonly MaxData: { readonly stream: StreamId }
  readonly Reset: { readonly stream: StreamId }
  readonly Candidates: unknown
  readonly Consent: unknown
  readonly Guess: { readonly guess: Guess }
}

/**
 * `SizeProbe` stands for a packet that only tests whether its path, of which `of` knows, carries its size. `Told`
 * stands for an acknowledgement of packets up to `largest` that went along: what the peer has of it need not be said
 * again.
 */
type Remembering = { readonly [Tag in ReliableTag]: Remembered[Tag] } & {
  readonly SizeProbe: { readonly size: number; readonly of: PacketSize }
  readonly Told: { readonly largest: number }
}

export type SentTag = keyof Remembering

/** A frame in a packet that must arrive. Its owner decides what follows when it was acknowledged or lost. */
export type SentFrame<Tag extends SentTag = SentTag> = {
  readonly [Each in Tag]: { readonly _tag: Each } & Remembering[Each]
}[Tag]

/**
 * What `owner` does when a frame of each kind was acknowledged or lost. If a kind is left out, this does not compile.
 */
export type Fates<Owner> = {
  readonly [Tag in SentTag]: {
    readonly acknowledged: (owner: Owner, frame: SentFrame<Tag>) => void
    /** The frame must be sent again, in a new packet. The old packet may still arrive. */
    readonly lost: (owner: Owner, frame: SentFrame<Tag>, now: number) => void
  }
}
