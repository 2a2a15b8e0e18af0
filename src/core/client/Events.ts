import * as Schema from "effect/Schema"
import { MessageId } from "../../domain/MessageId.js"
import { DisconnectReason } from "../peer/PeerEvent.js"
import { PathInfo } from "../peer/Route.js"
import { GroupInfo, GroupName } from "./groups/GroupInfo.js"
import { KeyChange } from "./KeyChange.js"
import { keyFields } from "./KeyInfo.js"
import * as ServerWays from "./ServerWays.js"
import { Transfer } from "./Transfer.js"

/**
 * What happens to a client, for whoever shows it: the terminal, JSON mode, a bot. Nicknames, addresses and texts are as
 * the other side sent them: pass them through `SafeText` before they reach a screen. `nick` is the other side,
 * but for `Registered` and `NickTaken`, which are about us.
 */

/** The server gave us the nickname: at the start, after `register`, and each time it was taken back after an outage. */
export const Registered = Schema.TaggedStruct("Registered", {
  nick: Schema.String,
  /** `address:port` as the server sees us. */
  address: Schema.String,
  fingerprint: Schema.String
})

/**
 * After an outage: the nickname belongs to somebody else by now; call `register` with another one. (A `register` that
 * waits gets this as its error.)
 */
export const NickTaken = Schema.TaggedStruct("NickTaken", {
  nick: Schema.String,
  suggestions: Schema.Array(Schema.String)
})

/** The server's greeting, when it has one: once, and again when it has changed. */
export const Greeting = Schema.TaggedStruct("Greeting", { text: Schema.String })

/** The link to the server is gone; conversations go on. A new attempt is made in `retryInMs`. */
export const ServerLost = Schema.TaggedStruct("ServerLost", { message: Schema.String, retryInMs: Schema.Number })

/**
 * How the link to the server is protected: told when it is up, and again when that has changed. `encryption`: `tls`;
 * `none`, where whoever is on the way can read along and put words into the server's mouth; or `local`, where the
 * server is on this machine. With `tls`, the server's `key`, and why it is trusted: it is the one that the user named
 * (`given`), an authority vouches for it, it was seen before (`pinned`), or it is `new` and pinned now. `via`: by which
 * port and how, where the port that the user said is blocked, or a proxy leads there. `insteadOf`: the first of the
 * user's servers, while another one is used; `back`: that it, or one nearer to it, is used again.
 */
export const Server = Schema.TaggedStruct("Server", {
  server: Schema.String,
  encryption: Schema.Literal("tls", "none", "local"),
  key: Schema.optionalWith(Schema.String, { exact: true }),
  trust: Schema.optionalWith(Schema.Literal("given", "authority", "pinned", "new"), { exact: true }),
  via: Schema.optionalWith(ServerWays.Via, { exact: true }),
  insteadOf: Schema.optionalWith(Schema.String, { exact: true }),
  back: Schema.optionalWith(Schema.Literal(true), { exact: true })
})

/** Somebody asked for us. Repeated calls of one peer are told now and then, those of strangers within bounds. */
export const Incoming = Schema.TaggedStruct("Incoming", {
  nick: Schema.String,
  ...keyFields,
  /** The nickname is theirs: our user has asked for this key under it before. */
  known: Schema.Boolean,
  /** How often they have called since it was told last, this call included. */
  calls: Schema.Int,
  /** Calls of other strangers since then that were not told. */
  hidden: Schema.Int,
  /** They were answered by themselves (`ClientOptions.answer`). */
  answered: Schema.Boolean
})

/** A handshake has proven the peer's key. */
export const Connected = Schema.TaggedStruct("Connected", { nick: Schema.String, ...keyFields, path: PathInfo })

/**
 * The peer whom we know as `from` calls itself `to` now; its key is the same. A conversation that our user asked for
 * keeps its name in all other events and calls, until they ask for the new one.
 */
export const Renamed = Schema.TaggedStruct("Renamed", {
  from: Schema.String,
  to: Schema.String,
  fingerprint: Schema.String
})

export const PathChanged = Schema.TaggedStruct("PathChanged", { nick: Schema.String, path: PathInfo })

/** Both sides have asked for each other. */
export const Mutual = Schema.TaggedStruct("Mutual", { nick: Schema.String })

/**
 * Somebody we are connected to is away, or is there again; `text` is what they say about it. Whoever is connected anew
 * is there, unless this follows.
 */
export const Away = Schema.TaggedStruct("Away", {
  nick: Schema.String,
  away: Schema.Boolean,
  text: Schema.optionalWith(Schema.String, { exact: true })
})

/** Of what was said to a group; a text without it was said to one alone. */
const inGroup = { group: Schema.optionalWith(GroupName, { exact: true }) }

export const Message = Schema.TaggedStruct("Message", {
  from: Schema.String,
  id: MessageId,
  text: Schema.String,
  /**
   * When the sender wrote it, in ms since 1970 UTC, as the sender says: never in the future, and absent where it is
   * unknown or cannot be.
   */
  writtenAt: Schema.optionalWith(Schema.Number, { exact: true }),
  ...inGroup
})

/**
 * The other application has shown our message. One to a group is told for each member.
 */
export const Delivered = Schema.TaggedStruct("Delivered", { nick: Schema.String, id: MessageId, ...inGroup })

/**
 * A person has read the message, and all before it. Only from those who choose to tell, and never before `Delivered`.
 */
export const Read = Schema.TaggedStruct("Read", { nick: Schema.String, id: MessageId })

/** A message waits until the other side has asked for us too. */
export const Waiting = Schema.TaggedStruct("Waiting", { nick: Schema.String, id: MessageId, ...inGroup })

/**
 * News of a group. `invited`: `nick` has added us to one that we are not in; `join` answers. `added`: `nick` was added,
 * by whom it says. `joined`, `left`: `nick` says so of themselves.
 */
export const Group = Schema.TaggedStruct("Group", {
  nick: Schema.String,
  change: Schema.Literal("invited", "added", "joined", "left"),
  by: Schema.optionalWith(Schema.String, { exact: true }),
  /** As it is now. */
  group: GroupInfo
})

/** Messages that an earlier process could not deliver: the peer is asked for again, and gets them when it is there. */
export const Kept = Schema.TaggedStruct("Kept", { nick: Schema.String, undelivered: Schema.Int })

/** Whether messages that wait survive a crash from now on. Told when that changes; unless told otherwise, they do. */
export const Journal = Schema.TaggedStruct("Journal", { safe: Schema.Boolean, message: Schema.String })

export const Disconnected = Schema.TaggedStruct("Disconnected", {
  nick: Schema.String,
  reason: DisconnectReason,
  /** Messages kept for the peer's return. */
  undelivered: Schema.Int
})

/**
 * A transfer has a new state, or has moved on: at most four times a second each, and only the latest news of each when
 * nobody reads; the last state always.
 *
 * @since 0.1.0
 */
export const TransferEvent = Schema.TaggedStruct("Transfer", { transfer: Transfer })
/** @since 0.1.0 */
export type TransferEvent = typeof TransferEvent.Type

/**
 * Who was here already of the nicknames that we watch: after the first registration, and whenever more are watched or
 * more of them are found after an outage.
 */
export const Present = Schema.TaggedStruct("Present", { nicks: Schema.Array(Schema.String) })

/** Somebody whom we watch has come: whom we have asked for or know, who is named by `watch`, or anybody at all. */
export const Joined = Schema.TaggedStruct("Joined", { nick: Schema.String })

/** Somebody whom we watch is gone from the server; a conversation may go on. */
export const Left = Schema.TaggedStruct("Left", { nick: Schema.String })

/** Something failed that no call is waiting for, for example an introduction with a changed key. */
export const Failed = Schema.TaggedStruct("Failed", {
  code: Schema.String,
  message: Schema.String,
  nick: Schema.optionalWith(Schema.String, { exact: true }),
  /** Of `KeyChanged`: both keys. */
  change: Schema.optionalWith(KeyChange, { exact: true })
})

/** The last event: we left, or the server replaced or refused us for good. */
export const Closed = Schema.TaggedStruct("Closed", {
  reason: Schema.Literal("exit", "replaced", "refused"),
  message: Schema.String
})

/**
 * All that a client tells, by tag: the events of JSON mode have the same names and fields.
 *
 * @since 0.1.0
 */
export const ClientEvent = Schema.Union(
  Registered,
  NickTaken,
  Greeting,
  ServerLost,
  Server,
  Incoming,
  Connected,
  Renamed,
  PathChanged,
  Mutual,
  Away,
  Message,
  Delivered,
  Read,
  Waiting,
  Group,
  Kept,
  Journal,
  Disconnected,
  TransferEvent,
  Present,
  Joined,
  Left,
  Failed,
  Closed
)
/** @since 0.1.0 */
export type ClientEvent = typeof ClientEvent.Type
