import type { Content, Offer } from "./Api.js"
import type { Have } from "./Have.js"

/**
 * What goes in and out of the two ends of a transfer (core/files/FileSender, core/files/FileReceiver). Each machine
 * stands between one stream of one connection and one disk, lives as long as that stream, and is synchronous: it never
 * throws, whatever the peer sends.
 *
 * The driver of a machine:
 * - hands over what the stream gives (`handleBytes`, `handleEnd`, `handleReset`), while `wantsBytes`;
 * - after every call drains `pollEvent` first and acts on it, then `poll` until it gives nothing;
 * - passes `poll` whether the stream takes bytes now (`false` from a `writeStream` that asked to wait until
 *   `StreamWritable`).
 *
 * Nothing follows `Finish` but the other side's end, and nothing at all follows `Reset` or the reset of the other side.
 * A break of the connection is no input: drop the machine, and make another with the next stream.
 */
export interface TransferMachine<Event, Action> {
  /** Takes the next bytes of the stream over; they must not change any more. */
  readonly handleBytes: (bytes: Uint8Array) => void
  /** The other side's end of the stream. */
  readonly handleEnd: () => void
  /** The other side gave the stream up. The event says what that means. */
  readonly handleReset: (code: number) => void
  /** Whether the driver may read the stream. */
  readonly wantsBytes: boolean
  readonly pollEvent: () => Event | undefined
  readonly poll: (writable: boolean) => Action | undefined
  /** Stops or restarts the flow from our side; the other side is told. The chunk that has begun still goes. */
  readonly pause: (paused: boolean) => void
  readonly pausedBy: "us" | "them" | "both" | undefined
  /** Ends the transfer: `poll` gives a `Reset` that tells the other side why. No event follows: the caller knows. */
  readonly abort: (reason: AbortReason) => void
  /**
   * Bytes that are verified and stored at the receiver, those of earlier connections included. The sender knows them
   * from what the receiver tells, so it may be up to a round trip behind. 0 before the offer was accepted.
   */
  readonly transferred: number
}

/**
 * Offers a content whose leaves are known, and sends the chunks that the receiver does not have, in ascending order,
 * each once.
 */
export interface FileSenderMachine extends TransferMachine<SenderEvent, SenderAction> {
  /**
   * The bytes that the last `Read` asked for, taken over: they go to the stream as they are. `undefined`, or another
   * number of bytes than was asked for, ends the transfer with `Failed` (`Changed`).
   */
  readonly handleRead: (bytes: Uint8Array | undefined) => void
}

/** Takes one offer, and asks for the chunks that are not there yet. Each is verified before it is saved. */
export interface FileReceiverMachine extends TransferMachine<ReceiverEvent, ReceiverAction> {
  /**
   * Answers `Offered`: send. Without `known`, what an earlier connection left, manifest and leaves are asked for first,
   * and `Contents` follows. `known` with another root than the offer's counts as none.
   */
  readonly accept: (known?: { readonly content: Content; readonly have: Have }) => void
  /** Answers `Offered`: do not send. */
  readonly decline: (reason: DeclineReason) => void
  /**
   * What is saved, from `accept` or `Contents` on. It is the object that `accept` was given, updated as chunks are
   * saved (by an outstanding
   * `Save`, too, after the connection broke), so it is right for the next connection.
   */
  readonly have: Have | undefined
  /** The bytes of the last `Save` are written (not necessarily synced); their buffer is the machine's again. */
  readonly handleSaved: () => void
  /**
   * Everything is in its place: the answer to `Complete`, or to an offer that was stored over an earlier connection.
   */
  readonly stored: () => void
}

/** A part of a file, `file` being an index of `Content.entries`. */
export interface Place {
  readonly file: number
  readonly offset: number
  /** 1 to `MAX_WRITE` (core/peer/Api): what one `writeStream` takes. */
  readonly length: number
}

/**
 * Reads a content from front to back and gives the leaves of what it finds. The driver answers each `poll` with
 * `handleRead` until it gives nothing more.
 */
export interface ScanMachine {
  /** What to read next; `undefined` at the end. */
  readonly poll: () => Place | undefined
  /**
   * What is there, taken over. `undefined` or too few bytes: the chunk is not there, and the rest of it is not asked
   * for.
   */
  readonly handleRead: (bytes: Uint8Array | undefined) => void
  /** Bytes of content that were looked at. */
  readonly scanned: number
  /** All leaves, one after the other; `undefined` before the end, or when a chunk was not there. */
  readonly leaves: Uint8Array | undefined
  /** The chunks that are what `leaves` (of a `Content`) say. */
  readonly matching: (leaves: Uint8Array) => Have
}

export type SenderAction = Write | Read | Finish | Reset
export type ReceiverAction = Write | Save | Finish | Reset

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
 * Write these bytes to the partial and call `handleSaved`; no other `Save` comes before. They belong to the machine
 * again after that: copy what is to be kept. Places come in ascending order; files without bytes are never named.
 */
export interface Save {
  readonly _tag: "Save"
  readonly file: number
  readonly offset: number
  readonly bytes: Uint8Array
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
   * partial (all files, at their full sizes) before `poll` is called again. `bytes` is what `Contents.decode` takes: to
   * be kept for a restart.
   */
  | { readonly _tag: "Contents"; readonly content: Content; readonly bytes: Uint8Array }
  /** Every chunk is saved: put it in its place, then call `stored`. What the sender still sends is not looked at. */
  | { readonly _tag: "Complete" }
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

/** Why we end a transfer; `Busy` is the only one that a later connection may undo. */
export type AbortReason =
  /** The user wants it so. */
  | "Cancelled"
  /** The source cannot be read, or is not what was offered any more. */
  | "Changed"
  /** The bytes could not be stored. */
  | "Storage"
  /** Too many offers or transfers at once: offer it again later. */
  | "Busy"

export type FailReason =
  | Exclude<AbortReason, "Cancelled">
  /** The other side broke the protocol (by `us`), or says that we did. */
  | "Violation"
  /** The bytes are not those that were offered: changed while they were sent, or damaged. */
  | "Corrupt"
  /** The offer is of a version that the receiver does not know. */
  | "Unsupported"
  /** A reason that this version does not know. */
  | "Other"
