import type { Content, Offer, TransferId } from "./Content.js"
import type { EndReason } from "./EndReason.js"

/**
 * What goes in and out of the two ends of a transfer (core/files/FileSender, core/files/FileReceiver): what they ask
 * their driver to do, and what they tell it.
 */

/**
 * A part of the content: it begins at `offset` of the entry `file` (an index of `Content.entries`), and goes on through
 * the entries after it where that one ends before.
 */
export interface Place {
  /** Where that is in the content. */
  readonly at: number
  readonly file: number
  readonly offset: number
  /** 1 to `MAX_WRITE` (core/peer/stream/StreamId): what one `writeStream` takes. */
  readonly length: number
}

/** Pass to `writeStream`: at most `MAX_WRITE` bytes, which nobody else holds. */
export interface Write {
  readonly _tag: "Write"
  readonly bytes: Uint8Array
}

/** Read these bytes into a fresh buffer and call `handleRead`; no other `Read` comes before. */
export interface Read extends Place {
  readonly _tag: "Read"
}

/**
 * Write these bytes to the partial, from `offset` of the entry `file` on through the entries after it, and call
 * `handleSaved`; no other `Save` comes before. They belong to the machine again after that: copy what is to be kept.
 * Places come in ascending order; files without bytes are never named.
 */
export interface Save {
  readonly _tag: "Save"
  readonly file: number
  readonly offset: number
  readonly bytes: Uint8Array
}

/** There is more to work out: let others run, and then call `handleTurn`. */
export interface Turn {
  readonly _tag: "Turn"
}

/** End our direction of the stream. */
export interface Finish {
  readonly _tag: "Finish"
}

/** Reset the stream with this code. */
export interface Reset {
  readonly _tag: "Reset"
  readonly code: number
}

export type SenderEvent =
  /** Bytes flow from now on. `transferred` says what was there already. */
  | { readonly _tag: "Accepted" }
  | { readonly _tag: "Declined"; readonly reason: DeclineReason }
  /** The receiver has everything in its place. */
  | { readonly _tag: "Complete" }
  | CommonEvent

export type ReceiverEvent =
  /** Once, before anything else: answer with `accept`, `decline`, `stored` or `abort`, now or later. */
  | { readonly _tag: "Offered"; readonly offer: Offer }
  /**
   * Manifest and leaves, verified against the offer's root, with safe paths that differ from each other. Make the
   * partial (all files, at their full sizes) before `poll` is called again. `bytes` is what `Manifest.decode` takes: to
   * be kept for a restart.
   */
  | { readonly _tag: "Contents"; readonly content: Content; readonly bytes: Uint8Array }
  /** Every chunk is saved: put it in its place, then call `stored`. What the sender still sends is not looked at. */
  | { readonly _tag: "Complete" }
  /** Instead of an offer: is this transfer still one of ours? Answer with `abort`, `Busy` for one that is. */
  | { readonly _tag: "Asked"; readonly id: TransferId }
  /** Instead of an offer: this transfer is over, on the other side. */
  | { readonly _tag: "Told"; readonly id: TransferId; readonly reason: EndReason }
  | CommonEvent

export type CommonEvent =
  /** The other side has paused, or goes on. */
  | { readonly _tag: "Paused"; readonly paused: boolean }
  /** The other side has given the transfer up for good. */
  | { readonly _tag: "Cancelled" }
  | { readonly _tag: "Failed"; readonly reason: FailReason; readonly by: "us" | "them" }

export type DeclineReason =
  /** By the user, or by a rule of theirs. */
  | "Declined"
  /** Not enough free space. */
  | "NoSpace"
  | "Other"

/** Why we end a transfer. */
export type AbortReason = Exclude<EndReason, "Other">

export type FailReason = Exclude<EndReason, "Cancelled">
