import type { Endpoint } from "../../domain/Endpoint.js"
import type { MessageId } from "../../domain/MessageId.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { PeerRecord } from "../../protocol/PeerRecord.js"
import type { NatKind } from "../nat/NatKind.js"
import type { Policy } from "./path/Policy.js"
import type { PeerReport } from "./path/Report.js"

/**
 * What goes in and out of the `Peers` machine (core/peer/Peers), which holds every peer link of one client: handshakes,
 * sealed packets, paths, streams, consent, outboxes. The machine is synchronous and never throws; after every call its
 * driver drains `pollTransmit` and `pollEvent` and re-arms its alarm at `pollTimeout`.
 */

/** Where a packet goes: an address, or through the server's relay by channel. */
export type Route =
  | { readonly _tag: "Direct"; readonly endpoint: Endpoint }
  | { readonly _tag: "Relay"; readonly channel: string }

export interface Transmit {
  readonly route: Route
  readonly data: Uint8Array
}

/** What the server told us of a peer, its record already verified against its signature and our pins. */
export interface Introduction {
  /** 8 bytes, as unpadded base64url. */
  readonly channel: string
  /** 32 bytes. */
  readonly pairKey: Uint8Array
  readonly record: PeerRecord
  /** At most 8; hostile ones are possible, so only small probes go there until an address answers. */
  readonly candidates: ReadonlyArray<Endpoint>
  /** Whether the server carries packets on this channel. */
  readonly relay?: boolean
}

/**
 * Our relation to a peer. `invited`: they asked for us, we have not asked for them, and can send them nothing (law 2).
 */
export type Consent = "inviting" | "invited" | "mutual"

export interface PathInfo {
  readonly kind: "direct" | "lan" | "relay"
  /** `203.0.113.7:40001`; the channel for a relay. */
  readonly address: string
  /** Smoothed round trip in ms. */
  readonly rttMs: number
}

export type DisconnectReason =
  /** The peer said goodbye. */
  | "left"
  /** Nothing was heard for `DEAD_AFTER`. */
  | "timeout"
  /** No handshake succeeded in 90 s. */
  | "unreachable"
  /** We closed the conversation, or the connection because the peer broke the protocol. */
  | "closed"
  /** The same identity opened a link from elsewhere, or restarted; a `Connected` follows. */
  | "replaced"

/** A stream of the connection in use, from 1 on. */
export type StreamId = number

export type PeerEvent =
  | { readonly _tag: "Connected"; readonly peer: PeerId; readonly path: PathInfo }
  | { readonly _tag: "PathChanged"; readonly peer: PeerId; readonly path: PathInfo }
  /** Both sides have asked for each other: text may flow both ways. Once per connection at most. */
  | { readonly _tag: "Mutual"; readonly peer: PeerId }
  /** A message to show, at most once and in the sender's order. Call `delivered` when it has been shown. */
  | { readonly _tag: "Message"; readonly peer: PeerId; readonly id: MessageId; readonly text: string }
  /** The other application has shown our message. */
  | { readonly _tag: "Delivered"; readonly peer: PeerId; readonly id: MessageId }
  /**
   * Somebody has read our message, and all before it. Never before its `Delivered`, and only where the other side
   * tells.
   */
  | { readonly _tag: "Read"; readonly peer: PeerId; readonly id: MessageId }
  /** Our message waits for the other side's consent: the credit of an inviter is used up. */
  | { readonly _tag: "CreditExhausted"; readonly peer: PeerId; readonly id: MessageId }
  /** The peer began a stream. */
  | { readonly _tag: "StreamOpened"; readonly peer: PeerId; readonly stream: StreamId }
  /** `readStream` gives something again; after this, read until it gives nothing. */
  | { readonly _tag: "StreamReadable"; readonly peer: PeerId; readonly stream: StreamId }
  /** A `writeStream` that asked to wait waits no longer. */
  | { readonly _tag: "StreamWritable"; readonly peer: PeerId; readonly stream: StreamId }
  /**
   * The peer gave a stream up, in both directions, for a reason of its own: an application's `code`, or 1 when it had
   * no room.
   */
  | { readonly _tag: "StreamReset"; readonly peer: PeerId; readonly stream: StreamId; readonly code: number }
  /** Ends all streams as well. */
  | {
      readonly _tag: "Disconnected"
      readonly peer: PeerId
      readonly reason: DisconnectReason
      /** Messages kept in the outbox; they go out when the peer is connected again. */
      readonly undelivered: number
    }

/**
 * Something to be written down before the machine goes on with it. A message of ours leaves when its `Accepted` has
 * been stored, a message of theirs is confirmed when its `Shown` has; the other two ask for no patience.
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
  /** The last messages of ours that were delivered, oldest first: those that may still be read. */
  readonly delivered: ReadonlyArray<MessageId>
  /** Ids of their messages that were shown, oldest first; the last `MAX_SEEN` count. */
  readonly shown: Iterable<MessageId>
}

export interface PastMessage {
  readonly id: MessageId
  readonly sequence: number
  /** UTF-8. */
  readonly text: Uint8Array
}

export type StreamRefusal =
  /** There is no connection, or not both sides have asked for each other (law 2). */
  | { readonly _tag: "NotMutual" }
  /** `MAX_STREAMS` of ours are open. */
  | { readonly _tag: "TooManyStreams" }

export type SendRefusal =
  /** No `query` of ours for this peer yet (law 2). */
  | { readonly _tag: "NotConsented" }
  /** Longer than `MAX_MESSAGE` bytes of UTF-8, or empty. */
  | { readonly _tag: "BadLength" }
  /** The outbox holds `MAX_OUTBOX` messages or bytes. */
  | { readonly _tag: "OutboxFull" }

export interface PeerStatus {
  readonly peer: PeerId
  readonly consent: Consent
  /** Whether the peer, too, has asked for us. */
  readonly mutual: boolean
  readonly connected: boolean
  readonly path: PathInfo | undefined
  /** Messages accepted from us and not delivered yet. */
  readonly undelivered: number
}

/**
 * The methods of `Peers`. `now` is monotonic ms. Written down as an interface so that drivers and tests can be read
 * without the machine.
 */
export interface PeersMachine {
  /** Our own record (signed bytes) and candidates, for handshakes and CANDIDATES frames from now on. */
  readonly setLocal: (record: Uint8Array, candidates: ReadonlyArray<Endpoint>, now: number) => void
  /**
   * We asked for this peer: consent is given, messages may be sent, the handshake starts. Also for a peer known
   * already, with a fresh introduction after either side or the server restarted.
   */
  readonly invite: (introduction: Introduction, now: number) => void
  /** They asked for us: answer their handshake, grant an inviter's credit, open our filter. */
  readonly admit: (introduction: Introduction, now: number) => void
  /** Accepts a message into the outbox, in order; it leaves as soon as a connection and credit allow. */
  readonly send: (peer: PeerId, text: string, now: number) => MessageId | SendRefusal
  /** The application has shown this message: tells the sender, and grants credit for more. */
  readonly delivered: (peer: PeerId, id: MessageId, now: number) => void
  /**
   * A person has read this message and all before it: tells the sender, once it is delivered and we have asked for
   * them.
   */
  readonly read: (peer: PeerId, id: MessageId, now: number) => void
  /** Gives up what was not delivered; the ids that were dropped, oldest first. */
  readonly dropOutbox: (peer: PeerId, now: number) => ReadonlyArray<MessageId>
  /** Says goodbye and forgets the connection, our consent included. The outbox stays until dropped. */
  readonly close: (peer: PeerId, now: number) => void
  /** Says goodbye to all. Drain `pollTransmit` once more afterwards. */
  readonly closeAll: (now: number) => void
  /** A hint from elsewhere that this peer's reachability changed: probe at once instead of at the next heartbeat. */
  readonly nudge: (peer: PeerId, now: number) => void
  /**
   * Which paths may be used with this peer from now on, or with all that have no policy of their own. Best said before
   * the introduction: what was told already is not taken back. `false` when `MAX_PEERS` have a policy of their own and
   * this would be one more.
   */
  readonly setPolicy: (peer: PeerId | undefined, policy: Policy, now: number) => boolean
  /** What is known of our own network; peers are told in handshakes from now on. */
  readonly setNat: (kind: NatKind) => void
  /** All that is known of how this peer is reached, and of how it was. */
  readonly explain: (peer: PeerId, now: number) => PeerReport | undefined
  readonly status: (peer: PeerId) => PeerStatus | undefined
  /** Peers with a conversation or an open introduction. */
  readonly peers: () => ReadonlyArray<PeerId>
  /**
   * Begins a stream beside the conversation: bytes in order, both ways, each direction with an end of its own. Only
   * between two that have asked for each other. The peer learns of it with the first bytes. A stream lives no longer
   * than its connection.
   */
  readonly openStream: (peer: PeerId, now: number) => StreamId | StreamRefusal
  /**
   * Takes over `data` (at most `MAX_WRITE` bytes; it must not change any more). `true`: go on; `false`: taken, but wait
   * for `StreamWritable` before the next, or memory grows; `undefined`: the stream is gone or finished.
   */
  readonly writeStream: (peer: PeerId, stream: StreamId, data: Uint8Array, now: number) => boolean | undefined
  /** Ends our direction: the peer reads an end after the bytes written so far. */
  readonly finishStream: (peer: PeerId, stream: StreamId, now: number) => void
  /**
   * The next bytes in order, `"end"` once after the last, `undefined` when there is nothing now (`StreamReadable`
   * follows) or never will be. Reading is what lets the peer send more. The bytes belong to the caller.
   */
  readonly readStream: (peer: PeerId, stream: StreamId, now: number) => Uint8Array | "end" | undefined
  /**
   * Gives a stream up in both directions; what was not delivered is dropped. `code` is the application's, from 2 on.
   */
  readonly resetStream: (peer: PeerId, stream: StreamId, code: number, now: number) => void
  readonly handleDatagram: (from: Route, data: Uint8Array, now: number) => void
  readonly handleTimeout: (now: number) => void
  readonly pollTransmit: (now: number) => Transmit | undefined
  readonly pollTimeout: () => number | undefined
  readonly pollEvent: () => PeerEvent | undefined
  /** The next entry to write down; none, ever, from a machine without a journal. */
  readonly pollJournal: () => JournalEntry | undefined
  /** These entries, in the order in which they were polled, survive a crash from now on (or cannot be helped). */
  readonly journaled: (entries: ReadonlyArray<JournalEntry>, now: number) => void
}

/** Bytes of UTF-8 in one message: the promise to users; eight times the size that still reads well in a terminal. */
export const MAX_MESSAGE = 64 * 1024
/** Bytes in one `writeStream`: what memory may exceed its bound by. */
export const MAX_WRITE = 256 * 1024
