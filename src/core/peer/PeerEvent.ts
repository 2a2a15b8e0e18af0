import * as Schema from "effect/Schema"
import type { GroupId } from "../../domain/GroupId.js"
import type { MessageId } from "../../domain/MessageId.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { GroupRecord } from "../../protocol/GroupRecord.js"
import type { PathInfo } from "./Route.js"
import type { StreamId } from "./stream/StreamId.js"

/** What happened between us and a peer, for the driver to pass on. */
export type PeerEvent =
  | { readonly _tag: "Connected"; readonly peer: PeerId; readonly path: PathInfo }
  | { readonly _tag: "PathChanged"; readonly peer: PeerId; readonly path: PathInfo }
  /**
   * Answers are overdue on the path in use: the network may be another one. Comes again while that lasts, with how
   * often in a row the probe timer ran out: what was sent after the first time went over the relay as well, if there
   * is one.
   */
  | { readonly _tag: "InDoubt"; readonly peer: PeerId; readonly probesInVain: number }
  /** Both sides have asked for each other: text may flow both ways. Once per connection at most. */
  | { readonly _tag: "Mutual"; readonly peer: PeerId }
  /**
   * The peer's user is away, with these words, which may be none, or is there again (`undefined`), and so is whoever is
   * connected anew.
   */
  | { readonly _tag: "Away"; readonly peer: PeerId; readonly text: string | undefined }
  /** A message to show, at most once and in the sender's order. Call `delivered` when it has been shown. */
  | {
      readonly _tag: "Message"
      readonly peer: PeerId
      readonly id: MessageId
      readonly text: string
      /** ms since 1970 UTC as the peer says, whatever that is; `undefined` when it does not. */
      readonly writtenAt?: number | undefined
      /** To whom else it was said, as the peer says; `undefined` when it was said to us alone. */
      readonly group?: GroupRecord | undefined
    }
  /**
   * The other application has shown our message, which was for this group if there is one. `isNotice`: it told what is
   * so there, and our user has said nothing.
   */
  | {
      readonly _tag: "Delivered"
      readonly peer: PeerId
      readonly id: MessageId
      readonly group?: GroupId
      readonly isNotice?: true
    }
  /**
   * The other person has read our message, and all before it. It comes after the message's `Delivered`, and only from a
   * peer whose program tells what was read.
   */
  | { readonly _tag: "Read"; readonly peer: PeerId; readonly id: MessageId }
  /**
   * Our message waits until the peer asks for us: what we may send before that (the credit of an inviter) is used up.
   */
  | {
      readonly _tag: "CreditExhausted"
      readonly peer: PeerId
      readonly id: MessageId
      readonly group?: GroupId
      readonly isNotice?: true
    }
  /** The peer began a stream. */
  | { readonly _tag: "StreamOpened"; readonly peer: PeerId; readonly stream: StreamId }
  /** `readStream` has something to give again. To be read until it gives nothing: only then this event comes again. */
  | { readonly _tag: "StreamReadable"; readonly peer: PeerId; readonly stream: StreamId }
  /** The stream takes more bytes again, after a `writeStream` that said to wait. */
  | { readonly _tag: "StreamWritable"; readonly peer: PeerId; readonly stream: StreamId }
  /**
   * The peer gave a stream up, in both directions, for the reason in `code`: that of its application, or 1 when the
   * peer had no room for the stream.
   */
  | { readonly _tag: "StreamReset"; readonly peer: PeerId; readonly stream: StreamId; readonly code: number }
  /** The peer has learnt that we gave this stream up. */
  | { readonly _tag: "StreamResetConfirmed"; readonly peer: PeerId; readonly stream: StreamId }
  /**
   * There is nothing any more between us and this peer, whom we had not asked for: it was a stranger for long, or made
   * room for another one; or it was blocked. A `Disconnected` came before if it was connected.
   */
  | { readonly _tag: "LetGo"; readonly peer: PeerId }
  /** Ends all streams as well. */
  | {
      readonly _tag: "Disconnected"
      readonly peer: PeerId
      readonly reason: DisconnectReason
      /** Messages kept in the outbox; they go out when the peer is connected again. */
      readonly undelivered: number
    }

/**
 * Why the link to a peer is over.
 *
 * @since 0.1.0
 */
export const DisconnectReason = Schema.Literal(
  /** The peer said goodbye. */
  "left",
  /** Nothing was heard for `DEAD_AFTER`. */
  "timeout",
  /** No handshake succeeded in 90 s. */
  "unreachable",
  /** We closed the conversation, or the connection because the peer broke the protocol. */
  "closed",
  /** The same identity opened a link from elsewhere, or restarted; a `Connected` follows. */
  "replaced"
)
/** @since 0.1.0 */
export type DisconnectReason = typeof DisconnectReason.Type
