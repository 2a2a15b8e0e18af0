import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ClientError } from "../core/client/ClientError.js"
import type { ClientEvent } from "../core/client/Events.js"
import type { Why } from "../core/client/Why.js"
import type { HistoryPage, HistoryQuery } from "../core/history/HistoryPage.js"
import type { PeerStatus } from "../core/peer/PeerStatus.js"
import type { Policy } from "../core/peer/path/Policy.js"
import type { MessageId } from "../domain/MessageId.js"
import type { FilesApi } from "./files/Api.js"

/**
 * A registered (or registering) participant: the control link, the peer links and the conversations of one nickname.
 */
export class Client extends Context.Tag("parley/client/Client")<Client, ClientApi>() {}

export interface ClientApi {
  /**
   * All events from the beginning, in order, to one consumer. Memory stays bounded when the consumer stalls: peers are
   * slowed down by flow control, presence is coalesced. A `Message` counts as shown, and is acknowledged as delivered,
   * when the consumer pulls the element after it.
   */
  readonly events: Stream.Stream<ClientEvent>
  /**
   * Takes a nickname, also a new one while registered. Waits for the server while it is away. The identity of a client
   * is fixed by its first successful registration (the profile of that nickname).
   */
  readonly register: (nick: string) => Effect.Effect<Registration, ClientError>
  /** Everybody who is registered now, ourselves included, sorted by nickname. */
  readonly list: Effect.Effect<ReadonlyArray<PeerInfo>, ClientError>
  /**
   * Asks for a peer: consent on our side. Succeeds when the server has introduced us; the direct link comes up in the
   * background (`Connected`) and messages may be sent at once.
   */
  readonly query: (nick: string) => Effect.Effect<OpenChannel, ClientError>
  /** `channel(nick).send(text)` by nickname: fails with `NotConnected` unless we queried this peer ourselves. */
  readonly send: (nick: string, text: string) => Effect.Effect<MessageId, ClientError>
  /** The conversation with a peer, if there is one. */
  readonly channel: (nick: string) => Effect.Effect<Channel | undefined>
  /** Accepts the changed key of a nickname, which was refused before, and pins it. */
  readonly trust: (nick: string) => Effect.Effect<void, ClientError>
  /**
   * Ends one conversation: says goodbye, withdraws our consent, drops what was not delivered, cancels its file
   * transfers.
   */
  readonly leave: (nick: string) => Effect.Effect<void>
  /**
   * How a peer is reached, what else was tried, and why not otherwise. Fails with `NotConnected` for whom we have no
   * conversation with.
   */
  readonly why: (nick: string) => Effect.Effect<Why, ClientError>
  /**
   * Which paths may be used with this nickname, or with everybody who has no policy of their own (`undefined`), from
   * now on. May be said before anybody of that name is known. What was told already is not taken back. Fails with
   * `Busy` when too many have their own.
   */
  readonly setPath: (nick: string | undefined, policy: Policy) => Effect.Effect<void, ClientError>
  /**
   * What was said before and now, as far as it is kept (`ClientOptions.history`): the newest messages that fit, oldest
   * first, and how many more there are. Fails with `HistoryOff` where none is kept.
   */
  readonly history: (query?: HistoryQuery) => Effect.Effect<HistoryPage, ClientError>
  /** Forgets what was said with a nickname, or with everybody. What the other side keeps is not touched. */
  readonly clearHistory: (nick?: string) => Effect.Effect<void, ClientError>
  /**
   * Says that a person has read this message of a peer, and all before it: the peer is told once it knows it delivered,
   * and we have asked for it. Fails with `ReadReceiptsOff` unless `ClientOptions.readReceipts` is set, with
   * `NotConnected` without a conversation.
   */
  readonly read: (nick: string, id: MessageId) => Effect.Effect<void, ClientError>
  /** Files and folders beside the conversations. */
  readonly files: FilesApi
  /**
   * Leaves: gives undelivered messages to peers within reach up to `lingerMs` (2,000 when left out), says goodbye to
   * all peers and the server, ends
   * `events` with `Closed`. Idempotent. Closing the client's scope does the same without lingering.
   */
  readonly exit: (lingerMs?: number) => Effect.Effect<void>
}

export interface Registration {
  readonly nick: string
  readonly address: string
  readonly fingerprint: string
}

export interface PeerInfo {
  readonly nick: string
  readonly address: string
  /** Empty for an anonymous nickname. */
  readonly fingerprint: string
}

/** Law 2 as a type: a channel that the other side opened has no `send` until we ask back with `accept`. */
export type Channel = InvitedChannel | OpenChannel

interface ChannelBase {
  readonly peer: PeerInfo
  readonly status: Effect.Effect<PeerStatus | undefined>
  readonly close: Effect.Effect<void>
}

export interface InvitedChannel extends ChannelBase {
  readonly _tag: "Invited"
  /** Asks back: `query` of this peer. */
  readonly accept: Effect.Effect<OpenChannel, ClientError>
}

export interface OpenChannel extends ChannelBase {
  readonly _tag: "Open"
  /** Accepts the message for delivery, in order; `Delivered` follows when the other application has shown it. */
  readonly send: (text: string) => Effect.Effect<MessageId, ClientError>
}
