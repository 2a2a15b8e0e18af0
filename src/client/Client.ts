import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import {
  type Busy,
  type ClientError,
  type HistoryError,
  type NoNetwork,
  type NotConnected,
  notConnected,
  type QueryError,
  type ReadError,
  type RegisterError,
  readReceiptsOff,
  type SendError,
  type ServerError,
  type TrustError
} from "../core/client/ClientError.js"
import type { Conversation } from "../core/client/Conversations.js"
import type { ClientEvent } from "../core/client/Events.js"
import type { PeerInfo } from "../core/client/PeerInfo.js"
import type { Why } from "../core/client/Why.js"
import type { HistoryPage, HistoryQuery } from "../core/history/HistoryPage.js"
import type { Policy } from "../core/peer/path/Policy.js"
import type { MessageId } from "../domain/MessageId.js"
import type { Crypto } from "../services/Crypto.js"
import type { Datagrams } from "../services/Datagrams.js"
import type { Dialer } from "../services/Dialer.js"
import type { Entropy } from "../services/Entropy.js"
import type { Files } from "../services/Files.js"
import type { Interfaces } from "../services/Interfaces.js"
import type { Resolver } from "../services/Resolver.js"
import type { Store } from "../services/Store.js"
import { type Channel, Channels, type OpenChannel } from "./Channels.js"
import { type ClientOptions, DEFAULT_LINGER } from "./ClientOptions.js"
import type { FilesApi } from "./files/Api.js"
import * as Profile from "./Profile.js"
import * as Shell from "./Shell.js"

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
  readonly register: (nick: string) => Effect.Effect<Registration, RegisterError>
  /** Everybody who is registered now, ourselves included, sorted by nickname. */
  readonly list: Effect.Effect<ReadonlyArray<PeerInfo>, ServerError>
  /**
   * Asks for a peer: consent on our side. Succeeds when the server has introduced us; the direct link comes up in the
   * background (`Connected`) and messages may be sent at once.
   */
  readonly query: (nick: string) => Effect.Effect<OpenChannel, QueryError>
  /** `channel(nick).send(text)` by nickname: fails with `NotConnected` unless we queried this peer ourselves. */
  readonly send: (nick: string, text: string) => Effect.Effect<MessageId, SendError>
  /** The conversation with a peer, if there is one. */
  readonly channel: (nick: string) => Effect.Effect<Channel | undefined>
  /** Accepts the changed key of a nickname, which was refused before, and pins it. */
  readonly trust: (nick: string) => Effect.Effect<void, TrustError>
  /**
   * Ends one conversation: says goodbye, withdraws our consent, drops what was not delivered, cancels its file
   * transfers.
   */
  readonly leave: (nick: string) => Effect.Effect<void>
  /**
   * How a peer is reached, what else was tried, and why not otherwise. Fails with `NotConnected` for whom we have no
   * conversation with.
   */
  readonly why: (nick: string) => Effect.Effect<Why, NotConnected>
  /**
   * Which paths may be used with this nickname, or with everybody who has no policy of their own (`undefined`), from
   * now on. May be said before anybody of that name is known. What was told already is not taken back. Fails with
   * `Busy` when too many have their own.
   */
  readonly setPath: (nick: string | undefined, policy: Policy) => Effect.Effect<void, Busy>
  /**
   * What was said before and now, as far as it is kept (`ClientOptions.history`): the newest messages that fit, oldest
   * first, and how many more there are. Fails with `HistoryOff` where none is kept.
   */
  readonly history: (query?: HistoryQuery) => Effect.Effect<HistoryPage, HistoryError>
  /** Forgets what was said with a nickname, or with everybody. What the other side keeps is not touched. */
  readonly clearHistory: (nick?: string) => Effect.Effect<void, HistoryError>
  /**
   * Says that a person has read this message of a peer, and all before it: the peer is told once it knows it delivered,
   * and we have asked for it. Fails with `ReadReceiptsOff` unless `ClientOptions.readReceipts` is set, with
   * `NotConnected` without a conversation.
   */
  readonly read: (nick: string, id: MessageId) => Effect.Effect<void, ReadError>
  /** Files and folders beside the conversations. */
  readonly files: FilesApi
  /**
   * Leaves: gives undelivered messages to peers within reach up to `lingerMs` (2,000 when left out), says goodbye to
   * all peers and the server, ends
   * `events` with `Closed`. Idempotent. Closing the client's scope does the same without lingering.
   */
  readonly exit: (lingerMs?: number) => Effect.Effect<void>
}

export type Registration = PeerInfo

/** What a client asks of the world. `Profiles` has its own layer, on `Store`. */
export type ClientServices = Crypto | Datagrams | Dialer | Entropy | Files | Interfaces | Profile.Profiles | Resolver

/**
 * A client that lives as long as the scope. Sockets are bound at once (`NoNetwork` when there are none to be had); the
 * server is dialled by the first `register`. Closing the scope says goodbye to all peers and to the server and leaves
 * nothing behind.
 */
export const make = (options: ClientOptions): Effect.Effect<ClientApi, NoNetwork, ClientServices | Scope.Scope> =>
  Effect.map(Shell.make(options), (shell) => apiOf(shell, options))

/** `make` as a layer of `Client`, with profiles in the `Store`. */
export const layer = (
  options: ClientOptions
): Layer.Layer<Client, NoNetwork, Exclude<ClientServices, Profile.Profiles> | Store> =>
  Layer.scoped(Client, make(options)).pipe(Layer.provide(Profile.layer))

const apiOf = (shell: Shell.Shell, options: ClientOptions): ClientApi => {
  const { driver, events, history, transfers } = shell
  const { conversations } = driver.machine
  const channels = new Channels(shell)
  const inConversation = <A, E>(nick: string, use: (conversation: Conversation) => Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | NotConnected> => {
      const conversation = conversations.byNick(nick)
      return conversation === undefined ? notConnected(nick) : use(conversation)
    })
  return {
    events: events.stream,
    register: (nick) => driver.ask((machine, now) => machine.register(nick, now)),
    list: driver.ask((machine, now) => machine.list(now)),
    query: (nick) => channels.query(nick),
    send: (nick, text) => inConversation(nick, (conversation) => channels.send(conversation, text)),
    channel: (nick) =>
      Effect.sync(() => {
        const conversation = conversations.byNick(nick)
        return conversation === undefined ? undefined : channels.of(conversation)
      }),
    trust: (nick) => doneBy(() => driver.drive((machine, now) => machine.trust(nick, now))),
    leave: (nick) =>
      Effect.suspend(() => {
        const conversation = conversations.byNick(nick)
        return conversation === undefined ? channels.dropPending(nick) : channels.leave(conversation)
      }),
    why: (nick) =>
      Effect.suspend(() => {
        const report = driver.drive((machine, now) => machine.why(nick, now))
        return report instanceof Error ? Effect.fail(report) : Effect.succeed(report)
      }),
    setPath: (nick, policy) => doneBy(() => driver.drive((machine, now) => machine.setPath(nick, policy, now))),
    history: (query = {}) => history.find(query),
    clearHistory: (nick) => history.clear(nick),
    read: (nick, id) =>
      doneBy(() =>
        options.readReceipts === true ? driver.drive((machine, now) => machine.read(nick, id, now)) : readReceiptsOff()
      ),
    files: transfers.api,
    exit: (lingerMs = options.lingerMs ?? DEFAULT_LINGER) => shell.exit(lingerMs)
  }
}

/** Fails with what `act` gives, if it gives anything. */
const doneBy = <E extends ClientError>(act: () => E | undefined): Effect.Effect<void, E> =>
  Effect.suspend(() => {
    const error = act()
    return error === undefined ? Effect.void : Effect.fail(error)
  })
