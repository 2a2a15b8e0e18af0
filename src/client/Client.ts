import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import type {
  Busy,
  ClientError,
  ContactError,
  HistoryError,
  NoNetwork,
  NoSuchKey,
  NotConnected,
  QueryError,
  ReadError,
  RegisterError,
  SendError,
  ServerError,
  TrustError,
  WatchError
} from "../core/client/ClientError.js"
import type { Conversation } from "../core/client/Conversations.js"
import { noSuchKey, notConnected, readReceiptsOff } from "../core/client/ErrorTexts.js"
import type { ClientEvent } from "../core/client/Events.js"
import type { ListedPeer, PeerInfo } from "../core/client/PeerInfo.js"
import type { People, PersonKey } from "../core/client/People.js"
import type { Why } from "../core/client/Why.js"
import type { HistoryPage, HistoryQuery } from "../core/history/HistoryPage.js"
import type { InputLine } from "../core/history/InputLines.js"
import type { Policy } from "../core/peer/path/Policy.js"
import type { Sliced } from "../core/support/Slices.js"
import * as Fingerprint from "../domain/Fingerprint.js"
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
import type { Told } from "./EventQueue.js"
import type { FilesApi } from "./files/Api.js"
import type { GroupsApi } from "./GroupsApi.js"
import * as Groups from "./GroupsApi.js"
import { inSlices } from "./InSlices.js"
import * as Profile from "./Profile.js"
import * as Shell from "./Shell.js"

/**
 * A registered (or registering) participant: the control link, the peer links and the conversations of one nickname.
 *
 * @since 0.1.0
 */
export class Client extends Context.Tag("parley/client/Client")<Client, ClientApi>() {}

/**
 * All that a client can be asked to do. Each effect may be run any number of times, and by several fibers at once.
 *
 * @since 0.1.0
 */
export interface ClientApi {
  /**
   * What time it is, ms since 1970 UTC: by this machine's clock, or by the server's where the two differ notably and
   * the server's can be right. Events and the history are dated by it.
   */
  readonly now: () => number
  /**
   * All events from the beginning, in order, to one consumer. Memory stays bounded when the consumer stalls: peers are
   * slowed down by flow control, presence is coalesced. A `Message` counts as shown, and is acknowledged as delivered,
   * when the consumer pulls the element after it.
   */
  readonly events: Stream.Stream<ClientEvent>
  /** How many of each kind the consumer of `events` has had. */
  readonly told: Effect.Effect<Told>
  /**
   * In place of `events`, for whoever hears much: all events that wait, up to 256 at a time. The messages of a batch
   * count as shown, and are acknowledged, when the consumer pulls the next one; a process that is killed before is
   * given them again.
   */
  readonly batches: Stream.Stream<ReadonlyArray<ClientEvent>>
  /**
   * Runs an effect for each of `events`, in place of that stream and at a twentieth of its cost. An event counts as
   * shown when its effect has succeeded. Done with the last event, `Closed`.
   */
  readonly handleEvents: <E, R>(
    handle: (event: ClientEvent) => Effect.Effect<unknown, E, R>
  ) => Effect.Effect<void, E, R>
  /**
   * The same for each of `batches`. With `messages`, a batch has at most so many (one at least): those in hand are what
   * is shown again after a crash.
   */
  readonly handleBatches: <E, R>(
    handle: (events: ReadonlyArray<ClientEvent>) => Effect.Effect<unknown, E, R>,
    options?: { readonly messages?: number }
  ) => Effect.Effect<void, E, R>
  /** The next of `events`, in place of that stream; those before it count as shown. `undefined` after the last. */
  readonly nextEvent: Effect.Effect<ClientEvent | undefined>
  /**
   * Takes a nickname, also a new one while registered. Waits for the server while it is away. The identity of a client
   * is fixed by its first successful registration (the profile of that nickname).
   */
  readonly register: (nick: string) => Effect.Effect<Registration, RegisterError>
  /** Everybody who is registered now, ourselves included, sorted by nickname. */
  readonly list: Effect.Effect<ReadonlyArray<ListedPeer>, ServerError>
  /**
   * Tells of this nickname (`Present`, `Joined`, `Left`), or of everybody without one, from now on and over outages.
   * Those whom we have asked for, also in vain, and whom our user knows are told of anyhow, the ones talked to last
   * first: 128 in all, 64 of them by this call. After a crowd has come or gone not each of everybody is told; `list`
   * shows who is here, and it alone tells who of everybody was here already. Without a server everybody on the local
   * network is told of.
   */
  readonly watch: (nick?: string) => Effect.Effect<void, WatchError>
  /** Takes `watch` back. */
  readonly unwatch: (nick?: string) => Effect.Effect<void>
  /**
   * Asks for a peer: consent on our side. Succeeds when the server has introduced us; the direct link comes up in the
   * background (`Connected`) and messages may be sent at once. From then on the nickname is that key's: another one
   * that is shown under it is refused (`KeyChanged`), by whoever and in whatever run, until `trust`.
   *
   * `expect` is the whole fingerprint that the key must have; otherwise `UnexpectedKey`, and nothing was sent.
   */
  readonly query: (nick: string, options?: QueryOptions) => Effect.Effect<OpenChannel, QueryError>
  /**
   * `channel(nick).send(text)` by nickname: fails with `NotConnected` unless we queried this peer ourselves. A message
   * that was accepted survives the end of this process; `flushed` waits until it survives a loss of power.
   */
  readonly send: (nick: string, text: string) => Effect.Effect<MessageId, SendError>
  /**
   * `send` of many texts, in order, at a fraction of what each costs by itself. Waits where they are more than may be
   * under way. Those before one that fails were accepted.
   */
  readonly sendAll: (nick: string, texts: Iterable<string>) => Effect.Effect<ReadonlyArray<MessageId>, SendError>
  /** `sendAll` for a stream of texts. */
  readonly sink: (nick: string) => Sink.Sink<void, string, never, SendError>
  /** Waits until everything that was accepted so far is on disk, and survives a loss of power. */
  readonly flushed: Effect.Effect<void>
  /** The conversation with a peer, if there is one. */
  readonly channel: (nick: string) => Effect.Effect<Channel | undefined>
  /**
   * Decides whose a nickname is, after another key was shown under it (`KeyChanged`): that of the key which `digits`
   * name, the first five of its fingerprint or more. It is one of those that were shown, or the one that is known,
   * which then stays. Fails with `NoSuchKey` when they name none of them or several.
   */
  readonly trust: (nick: string, digits: string) => Effect.Effect<void, TrustError>
  /** Everybody our user knows, by nickname: whom they have asked for, verified or blocked. */
  readonly contacts: Effect.Effect<ReadonlyArray<PersonKey>, ContactError>
  /** The key of somebody we know or talk to, with the number of the pair to compare; our own without a nickname. */
  readonly key: (nick?: string) => Effect.Effect<PersonKey, ContactError>
  /**
   * The user has compared the key with its owner: a verified key that changes stops everything under its nickname until
   * `trust`. `digits`, where given, are those that were compared: five of the fingerprint or more, or the whole number
   * of the pair.
   */
  readonly verify: (nick: string, digits?: string) => Effect.Effect<void, ContactError>
  readonly unverify: (nick: string) => Effect.Effect<void, ContactError>
  /**
   * Hears nothing more of somebody (a nickname, or a whole fingerprint), in later runs neither: to them it is as if we
   * were not there. Consent ends, what waits for them is dropped.
   */
  readonly block: (who: string) => Effect.Effect<void, ContactError>
  /** Takes `block` and `ignore` back. */
  readonly unblock: (who: string) => Effect.Effect<void, ContactError>
  /** Like `block`, for as long as this client runs. */
  readonly ignore: (who: string) => Effect.Effect<void, ContactError>
  /** Forgets somebody: nothing is known of their key any more, and their nicknames are free. */
  readonly forget: (who: string) => Effect.Effect<void, ContactError>
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
   * Lines that were typed under this nickname, the oldest first, for a program with an editor; none where no history is
   * kept.
   */
  readonly typed: Effect.Effect<ReadonlyArray<InputLine>>
  /** Keeps such a line, sealed, if a history is kept; not if it begins with a space or is long. */
  readonly keepTyped: (line: InputLine) => Effect.Effect<void>
  /**
   * Says that a person has read this message of a peer, and all before it: the peer is told once it knows it delivered,
   * and we have asked for it. Fails with `ReadReceiptsOff` unless `ClientOptions.readReceipts` is set, with
   * `NotConnected` without a conversation.
   */
  readonly read: (nick: string, id: MessageId) => Effect.Effect<void, ReadError>
  /**
   * Says to all who are connected to us, and to whoever will be, that our user is away: also to callers whom we have
   * not answered. Of the text go the first 256 bytes. `undefined`: our user is there again.
   */
  readonly away: (text: string | undefined) => Effect.Effect<void>
  /** Files and folders beside the conversations. */
  readonly files: FilesApi
  /** One text to several people. */
  readonly groups: GroupsApi
  /** What our user has set for the programs that show them things. */
  readonly preferences: PreferencesApi
  /**
   * Leaves: gives undelivered messages to peers within reach up to `lingerMs` (2,000 when left out), says goodbye to
   * all peers and the server, ends
   * `events` with `Closed`. Idempotent. Closing the client's scope does the same without lingering.
   */
  readonly exit: (lingerMs?: number) => Effect.Effect<void>
}

/**
 * What the server knows of us once we have a nickname.
 *
 * @since 0.1.0
 */
export type Registration = PeerInfo

type Decision = (people: People, now: number) => ContactError | undefined

/**
 * Names and values that only those who set them understand. They are kept with the profile, readable by its owner.
 *
 * @since 0.1.0
 */
export interface PreferencesApi {
  /** Empty before the first registration. */
  readonly all: Effect.Effect<ReadonlyMap<string, string>>
  /**
   * Takes the name out without a value. Whether it is kept: not before the first registration, not of a passing
   * profile, not beyond 256 names of 64 characters with values of 1,024. That writing it failed is told as an event.
   */
  readonly set: (name: string, value: string | undefined) => Effect.Effect<boolean>
}

/**
 * What a query may ask for beside the nickname: `expect` is the fingerprint that the peer's key must have.
 *
 * @since 0.1.0
 */
export interface QueryOptions {
  readonly expect?: string
}

/**
 * What a client asks of the world. `Profiles` has its own layer, on `Store`.
 *
 * @since 0.1.0
 */
export type ClientServices = Crypto | Datagrams | Dialer | Entropy | Files | Interfaces | Profile.Profiles | Resolver

/**
 * A client that lives as long as the scope. Sockets are bound at once (`NoNetwork` when there are none to be had;
 * `NoSuchKey` when an option names a key that is none); the server is dialled by the first `register`. Closing the
 * scope says goodbye to all peers and to the server and leaves nothing behind.
 *
 * @since 0.1.0
 */
export const make = (
  options: ClientOptions
): Effect.Effect<ClientApi, NoNetwork | NoSuchKey, ClientServices | Scope.Scope> =>
  Effect.map(Shell.make(options), (shell) => apiOf(shell, options))

/**
 * `make` as a layer of `Client`, with profiles in the `Store`.
 *
 * @since 0.1.0
 */
export const layer = (
  options: ClientOptions
): Layer.Layer<Client, NoNetwork | NoSuchKey, Exclude<ClientServices, Profile.Profiles> | Store> =>
  Layer.scoped(Client, make(options)).pipe(Layer.provide(Profile.layer))

const apiOf = (shell: Shell.Shell, options: ClientOptions): ClientApi => {
  const { driver, history, transfers } = shell
  const { conversations } = driver.machine
  const channels = new Channels(shell)
  const inConversation: InConversation = <A, E>(nick: string, use: (found: Conversation) => Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | NotConnected> => {
      const conversation = conversations.byNick(nick)
      return conversation === undefined ? notConnected(nick) : use(conversation)
    })
  const decide = (about: Decision) => doneBy(() => driver.drive((machine, now) => machine.decide(about, now)))
  /** Ends what there is with somebody, file transfers too. */
  const end = (who: string, about: Decision) =>
    Effect.suspend(() => {
      const peer = driver.machine.people.peerOf(who)
      return Effect.zipRight(decide(about), peer === undefined ? Effect.void : transfers.leave(peer))
    })
  return {
    now: () => driver.machine.timeAt(driver.now()),
    register: (nick) => driver.ask((machine, now) => machine.register(nick, now)),
    list: Effect.flatMap(
      driver.ask((machine, now) => machine.list(now)),
      (listed) => inSlices(driver.machine.people.marked(listed))
    ),
    watch: (nick) => doneBy(() => driver.drive((machine, now) => machine.watch(nick, now))),
    unwatch: (nick) => Effect.sync(() => driver.drive((machine, now) => machine.unwatch(nick, now))),
    query: (nick, { expect } = {}) => {
      const key = expect === undefined ? undefined : Fingerprint.parse(expect)
      return expect !== undefined && key === undefined
        ? noSuchKey("a whole fingerprint has 30 digits in six groups of five")
        : channels.query(nick, { expect: key })
    },
    ...messagesOf(shell, channels, inConversation),
    channel: (nick) =>
      Effect.sync(() => {
        const conversation = conversations.byNick(nick)
        return conversation === undefined ? undefined : channels.of(conversation)
      }),
    trust: (nick, digits) => doneBy(() => driver.drive((machine, now) => machine.trust(nick, digits, now))),
    contacts: foundInSlices(() => driver.machine.people.all()),
    key: (nick) => found(() => driver.machine.people.key(nick)),
    verify: (nick, digits) => decide((people, now) => people.verify(nick, digits, now)),
    unverify: (nick) => decide((people) => people.unverify(nick)),
    block: (who) => end(who, (people, now) => people.block(who, now)),
    unblock: (who) => decide((people) => people.unblock(who)),
    ignore: (who) => end(who, (people, now) => people.ignore(who, now)),
    forget: (who) => end(who, (people, now) => people.forget(who, now)),
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
    ...inputOf(history),
    read: (nick, id) =>
      doneBy(() =>
        options.readReceipts === true ? driver.drive((machine, now) => machine.read(nick, id, now)) : readReceiptsOff()
      ),
    away: (text) => Effect.sync(() => driver.drive((machine, now) => machine.setAway(text, now))),
    files: transfers.api,
    preferences: preferencesOf(shell),
    groups: Groups.make(shell, (nick) => channels.query(nick)),
    exit: (lingerMs = options.lingerMs ?? DEFAULT_LINGER) => shell.exit(lingerMs)
  }
}

const inputOf = (history: Shell.Shell["history"]): Pick<ClientApi, "typed" | "keepTyped"> => ({
  typed: history.typed,
  keepTyped: (line) => history.keepTyped(line)
})

const preferencesOf = ({ keeper }: Shell.Shell): PreferencesApi => ({
  all: Effect.sync(() => new Map(keeper.profile?.preferences.all())),
  set: (name, value) =>
    Effect.suspend(() => {
      const { profile } = keeper
      if (profile?.persistent !== true || !profile.preferences.set(name, value)) return Effect.succeed(false)
      return Effect.as(keeper.keep, true)
    })
})

type InConversation = <A, E>(
  nick: string,
  use: (conversation: Conversation) => Effect.Effect<A, E>
) => Effect.Effect<A, E | NotConnected>

type EventsApi = "events" | "told" | "batches" | "handleEvents" | "handleBatches" | "nextEvent"

const messagesOf = (
  { events, flushed }: Shell.Shell,
  channels: Channels,
  inConversation: InConversation
): Pick<ClientApi, EventsApi | "send" | "sendAll" | "sink" | "flushed"> => {
  const sendAll: ClientApi["sendAll"] = (nick, texts) =>
    inConversation(nick, (conversation) => channels.sendAll(conversation, texts))
  return {
    events: events.stream,
    told: Effect.sync(() => events.told),
    batches: events.batches,
    handleEvents: (handle) => events.handle(handle),
    handleBatches: (handle, { messages } = {}) => events.handleBatches(handle, messages),
    nextEvent: events.next,
    flushed,
    send: (nick, text) => inConversation(nick, (conversation) => channels.send(conversation, text)),
    sendAll,
    sink: (nick) => Sink.forEachChunk((texts) => sendAll(nick, texts))
  }
}

/** What `look` gives, or its error. */
const found = <A>(look: () => A | ContactError): Effect.Effect<A, ContactError> =>
  Effect.suspend((): Effect.Effect<A, ContactError> => {
    const result = look()
    return result instanceof Error ? Effect.fail(result) : Effect.succeed(result)
  })

const foundInSlices = <A>(look: () => Sliced<A> | ContactError): Effect.Effect<A, ContactError> =>
  Effect.flatMap(found(look), inSlices)

/** Fails with what `act` gives, if it gives anything. */
const doneBy = <E extends ClientError>(act: () => E | undefined): Effect.Effect<void, E> =>
  Effect.suspend(() => {
    const error = act()
    return error === undefined ? Effect.void : Effect.fail(error)
  })
