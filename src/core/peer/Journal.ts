import type { MessageId } from "../../domain/MessageId.js"
import type { PeerId } from "../../domain/PeerId.js"

/**
 * Something to be written down before the machine goes on with it. A message of ours leaves only after its `Accepted`
 * was written, and a message of theirs is confirmed only after its `Shown` was; neither waits for the disk to be
 * flushed. Nothing waits for `Delivered` and `Dropped`.
 */
export type JournalEntry =
  | ({ readonly _tag: "Accepted"; readonly peer: PeerId } & PastMessage)
  /** The other application has shown our message. */
  | { readonly _tag: "Delivered"; readonly peer: PeerId; readonly id: MessageId }
  /** We gave up all messages to this peer that were not delivered. */
  | { readonly _tag: "Dropped"; readonly peer: PeerId }
  /** Our application has shown their message. */
  | { readonly _tag: "Shown"; readonly peer: PeerId; readonly id: MessageId }

/** What earlier processes left of a conversation. */
export interface Past {
  /** Greater than the sequence of any message before. */
  readonly nextSequence: number
  /** Not delivered yet, oldest first. */
  readonly outbox: ReadonlyArray<PastMessage>
  /** The last messages of ours that were delivered, oldest first: the peer may still say that it has read them. */
  readonly delivered: ReadonlyArray<MessageId>
  /** Ids of their messages that were shown, oldest first; the last `MAX_SEEN` count. */
  readonly shown: Iterable<MessageId>
}

export interface PastMessage {
  readonly id: MessageId
  readonly sequence: number
  /** ms since 1970 UTC by our clock, where it was known. */
  readonly writtenAt?: number | undefined
  /** The body of the GROUP that goes with it. */
  readonly group?: Uint8Array | undefined
  /** UTF-8. */
  readonly text: Uint8Array
}
