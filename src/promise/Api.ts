import type { ClientOptions } from "../client/ClientOptions.js"
import type { CancelReason } from "../client/files/Api.js"
import type { ClientEvent } from "../core/client/Events.js"
import type { GroupInfo, GroupSent } from "../core/client/groups/GroupInfo.js"
import type { KeyInfo } from "../core/client/KeyInfo.js"
import type { ListedPeer, PeerInfo } from "../core/client/PeerInfo.js"
import type { PersonKey } from "../core/client/People.js"
import type { Transfer } from "../core/client/Transfer.js"
import type { Why } from "../core/client/Why.js"
import type { HistoryPage, HistoryQuery } from "../core/history/HistoryPage.js"
import type { PeerStatus } from "../core/peer/PeerStatus.js"
import type { Policy } from "../core/peer/path/Policy.js"
import type { ServerStats } from "../server/Counters.js"
import type { ServerOptions } from "../server/ServerOptions.js"

/**
 * Clients and servers for programs that do not use Effect: promises, async iterables, `AbortSignal`, `await using`.
 *
 * What a call promises is said at the call of the same name in `ClientApi`, `FilesApi` and `GroupsApi`, as are the
 * errors that it has: a promise rejects with an instance of one of the classes that this module exports, whose `_tag`
 * is its name and whose `message` is a sentence for people. An aborted call rejects with its signal's reason. What a
 * call has set off by then is not undone.
 */

/**
 * Of any call.
 *
 * @since 0.1.0
 */
export interface CallOptions {
  /** Ends the wait. `AbortSignal.timeout(10_000)` is a limit in time: none of the calls has one of its own. */
  readonly signal?: AbortSignal | undefined
}

/**
 * What a client may be told; all that it leaves out has a default.
 *
 * @since 0.1.0
 */
export interface ConnectOptions extends Omit<ClientOptions, "token"> {
  /** Registered before `connect` returns; without it, `register` is yours to call. */
  readonly nick?: string
  /** The server's access token, where it demands one. */
  readonly token?: string
  /** The folder of identities; when left out, that of the program `parley`. */
  readonly home?: string
  /** Ends the attempt to connect, and nothing that comes after it. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Somebody whom we have asked for, and what our user knows of their key.
 *
 * @since 0.1.0
 */
export type Peer = PeerInfo & KeyInfo

/**
 * A participant: one nickname, its conversations, its files. It keeps the process alive until it is closed.
 *
 * @since 0.1.0
 */
export interface PromiseClient extends AsyncDisposable {
  /**
   * All events from the beginning, in order, each to one consumer: a second loop takes what the first has left.
   * Memory is bounded when nobody reads: people who write are slowed down. A message counts as shown, and is
   * acknowledged as delivered, when the event after it is asked for, or with `close`.
   *
   * The loop ends after the event `Closed`. A signal that is aborted makes it throw the reason; no event is lost by it.
   */
  readonly events: (options?: CallOptions) => AsyncIterableIterator<ClientEvent>
  /** What time it is, ms since 1970 UTC, by this machine or by the server, as events are dated. */
  readonly now: () => number
  readonly register: (nick: string, options?: CallOptions) => Promise<PeerInfo>
  readonly list: (options?: CallOptions) => Promise<ReadonlyArray<ListedPeer>>
  readonly watch: (nick?: string) => Promise<void>
  readonly unwatch: (nick?: string) => Promise<void>
  /** `expect` is the whole fingerprint that the key must have. */
  readonly query: (nick: string, options?: CallOptions & { readonly expect?: string | undefined }) => Promise<Peer>
  /** Gives the id that `Delivered` and `Read` name. */
  readonly send: (nick: string, text: string, options?: CallOptions) => Promise<string>
  /** Of many texts, in order, at a fraction of what each costs by itself; waits where they are too many. */
  readonly sendAll: (nick: string, texts: Iterable<string>, options?: CallOptions) => Promise<ReadonlyArray<string>>
  /** Waits until everything that was accepted so far survives a loss of power. */
  readonly flushed: (options?: CallOptions) => Promise<void>
  /** Says that a person has read a message of a peer, and all before it. */
  readonly read: (nick: string, id: string) => Promise<void>
  /** The conversation with somebody, if there is one. */
  readonly status: (nick: string) => Promise<PeerStatus | undefined>
  readonly leave: (nick: string, options?: CallOptions) => Promise<void>
  readonly why: (nick: string) => Promise<Why>
  readonly setPath: (nick: string | undefined, policy: Policy) => Promise<void>
  readonly trust: (nick: string, digits: string) => Promise<void>
  readonly contacts: () => Promise<ReadonlyArray<PersonKey>>
  readonly key: (nick?: string) => Promise<PersonKey>
  readonly verify: (nick: string, digits?: string) => Promise<void>
  readonly unverify: (nick: string) => Promise<void>
  readonly block: (who: string) => Promise<void>
  readonly unblock: (who: string) => Promise<void>
  readonly ignore: (who: string) => Promise<void>
  readonly forget: (who: string) => Promise<void>
  readonly history: (query?: HistoryQuery, options?: CallOptions) => Promise<HistoryPage>
  readonly clearHistory: (nick?: string, options?: CallOptions) => Promise<void>
  readonly files: PromiseFiles
  readonly groups: PromiseGroups
  /**
   * Leaves: gives what is not delivered yet up to `lingerMs`, says goodbye, ends `events`, and leaves no socket, timer
   * or file open. Idempotent. `await using` does the same.
   */
  readonly close: (lingerMs?: number) => Promise<void>
}

/**
 * Files and folders beside the conversations.
 *
 * @since 0.1.0
 */
export interface PromiseFiles {
  readonly offer: (nick: string, path: string | ReadonlyArray<string>, options?: CallOptions) => Promise<Transfer>
  /** Rejects with what `content` throws, if it does. A `ReadableStream` and a `Readable` of Node are such contents. */
  readonly offerStream: (
    nick: string,
    name: string,
    content: AsyncIterable<Uint8Array>,
    options?: CallOptions
  ) => Promise<Transfer>
  readonly accept: (id: string, directory?: string, options?: CallOptions) => Promise<void>
  /** Whoever leaves the loop before its end, or aborts it, cancels the transfer. */
  readonly acceptStream: (id: string, options?: CallOptions) => AsyncIterableIterator<Uint8Array>
  readonly decline: (id: string, options?: CallOptions) => Promise<void>
  readonly cancel: (id: string, reason?: CancelReason) => Promise<void>
  readonly pause: (id: string) => Promise<void>
  readonly resume: (id: string) => Promise<void>
  readonly list: () => Promise<ReadonlyArray<Transfer>>
}

/**
 * One text to several people.
 *
 * @since 0.1.0
 */
export interface PromiseGroups {
  readonly list: () => Promise<ReadonlyArray<GroupInfo>>
  readonly make: (name: string, nicks: ReadonlyArray<string>, options?: CallOptions) => Promise<GroupInfo>
  readonly add: (group: string, nicks: ReadonlyArray<string>, options?: CallOptions) => Promise<GroupInfo>
  readonly join: (group: string) => Promise<GroupInfo>
  readonly leave: (group: string) => Promise<GroupInfo>
  readonly remove: (group: string, nick: string) => Promise<GroupInfo>
  readonly send: (group: string, text: string, options?: CallOptions) => Promise<GroupSent>
}

/**
 * What a server in this process may be told.
 *
 * @since 0.1.0
 */
export interface ServeOptions extends Partial<ServerOptions> {
  /** What the server has to say while it runs; nothing is said anywhere when left out. */
  readonly log?: (level: "info" | "warning", message: string, details: Readonly<Record<string, unknown>>) => void
}

/**
 * A rendezvous server in this process.
 *
 * @since 0.1.0
 */
export interface PromiseServer extends AsyncDisposable {
  /** Where it listens. */
  readonly address: string
  readonly port: number
  readonly stats: () => Promise<ServerStats>
  /** Tells every client to come back later, and leaves nothing open. Idempotent. */
  readonly close: () => Promise<void>
}
