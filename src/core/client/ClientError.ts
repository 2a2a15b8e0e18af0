import * as Schema from "effect/Schema"
import { KeyChange } from "./KeyChange.js"

/**
 * What can fail at a client, one error for each failure: `catchTag` tells them apart, and the tag is the code of JSON
 * mode. `message` is one line for people: what happened, and what to do next.
 */

const message = { message: Schema.String }

/**
 * Somebody else has the nickname.
 *
 * @since 0.1.0
 */
export class NickTaken extends Schema.TaggedError<NickTaken>()("NickTaken", {
  ...message,
  /** Free nicknames close to the one asked for. */
  suggestions: Schema.Array(Schema.String),
  /** The other program is on this machine, and uses our own profile. */
  byOurselves: Schema.Boolean
}) {}
/**
 * That cannot be a nickname; the message says why.
 *
 * @since 0.1.0
 */
export class NickInvalid extends Schema.TaggedError<NickInvalid>()("NickInvalid", message) {}
/**
 * The server keeps the nickname for somebody else.
 *
 * @since 0.1.0
 */
export class NickReserved extends Schema.TaggedError<NickReserved>()("NickReserved", message) {}
/**
 * We have no nickname yet.
 *
 * @since 0.1.0
 */
export class NotRegistered extends Schema.TaggedError<NotRegistered>()("NotRegistered", message) {}
/**
 * Nobody has the nickname now.
 *
 * @since 0.1.0
 */
export class NoSuchPeer extends Schema.TaggedError<NoSuchPeer>()("NoSuchPeer", message) {}
/**
 * The peer takes no calls.
 *
 * @since 0.1.0
 */
export class NotAccepting extends Schema.TaggedError<NotAccepting>()("NotAccepting", message) {}
/**
 * The server has had too many requests from here.
 *
 * @since 0.1.0
 */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  ...message,
  /** Milliseconds after which the server listens again. */
  retryAfterMs: Schema.Number
}) {}
/**
 * The server demands another access token.
 *
 * @since 0.1.0
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", message) {}
/**
 * The server does not know itself under the name that we dialled.
 *
 * @since 0.1.0
 */
export class NotThisServer extends Schema.TaggedError<NotThisServer>()("NotThisServer", message) {}
/**
 * The server shows another key than it has to, or does not encrypt any more.
 *
 * @since 0.1.0
 */
export class ServerNotTrusted extends Schema.TaggedError<ServerNotTrusted>()("ServerNotTrusted", message) {}
/**
 * There is no room for more of this, here or at the server.
 *
 * @since 0.1.0
 */
export class Busy extends Schema.TaggedError<Busy>()("Busy", message) {}
/**
 * Law 2: query the peer first.
 *
 * @since 0.1.0
 */
export class NotConnected extends Schema.TaggedError<NotConnected>()("NotConnected", message) {}
/**
 * The peer's key is not the one that we know under this nickname, or under one that looks the same.
 *
 * @since 0.1.0
 */
export class KeyChanged extends Schema.TaggedError<KeyChanged>()("KeyChanged", { ...message, change: KeyChange }) {}
/**
 * The peer's key is not the one that the caller expected. Nothing was sent.
 *
 * @since 0.1.0
 */
export class UnexpectedKey extends Schema.TaggedError<UnexpectedKey>()("UnexpectedKey", {
  ...message,
  expected: Schema.String,
  offered: Schema.String
}) {}
/**
 * These digits name no key that was shown, or more than one.
 *
 * @since 0.1.0
 */
export class NoSuchKey extends Schema.TaggedError<NoSuchKey>()("NoSuchKey", message) {}
/**
 * Our user has blocked the peer.
 *
 * @since 0.1.0
 */
export class Blocked extends Schema.TaggedError<Blocked>()("Blocked", message) {}
/**
 * The peer has no key, or its record is not valid.
 *
 * @since 0.1.0
 */
export class NoKey extends Schema.TaggedError<NoKey>()("NoKey", message) {}
/**
 * The nickname asked for is our own.
 *
 * @since 0.1.0
 */
export class Yourself extends Schema.TaggedError<Yourself>()("Yourself", message) {}
/**
 * The text is empty or too long.
 *
 * @since 0.1.0
 */
export class BadMessage extends Schema.TaggedError<BadMessage>()("BadMessage", message) {}
/**
 * Too much is waiting for this peer; some of it has to be delivered first.
 *
 * @since 0.1.0
 */
export class OutboxFull extends Schema.TaggedError<OutboxFull>()("OutboxFull", message) {}
/**
 * A file or folder cannot be read or stored; the message names it.
 *
 * @since 0.1.0
 */
export class File extends Schema.TaggedError<File>()("File", message) {}
/**
 * No such transfer, or it is not in a state for this.
 *
 * @since 0.1.0
 */
export class NoSuchTransfer extends Schema.TaggedError<NoSuchTransfer>()("NoSuchTransfer", message) {}
/**
 * There is no such group.
 *
 * @since 0.1.0
 */
export class NoSuchGroup extends Schema.TaggedError<NoSuchGroup>()("NoSuchGroup", message) {}
/**
 * Our user was invited to the group, and has not joined.
 *
 * @since 0.1.0
 */
export class NotJoined extends Schema.TaggedError<NotJoined>()("NotJoined", message) {}
/**
 * The server cannot be reached now.
 *
 * @since 0.1.0
 */
export class ServerUnreachable extends Schema.TaggedError<ServerUnreachable>()("ServerUnreachable", message) {}
/**
 * The server broke the protocol.
 *
 * @since 0.1.0
 */
export class Protocol extends Schema.TaggedError<Protocol>()("Protocol", message) {}
/**
 * The profile (identity, known peers) cannot be read; the message names the file.
 *
 * @since 0.1.0
 */
export class Profile extends Schema.TaggedError<Profile>()("Profile", message) {}
/**
 * The history cannot be read or changed; the message says why.
 *
 * @since 0.1.0
 */
export class History extends Schema.TaggedError<History>()("History", message) {}
/**
 * No history is kept.
 *
 * @since 0.1.0
 */
export class HistoryOff extends Schema.TaggedError<HistoryOff>()("HistoryOff", message) {}
/**
 * Others are not to be told what was read.
 *
 * @since 0.1.0
 */
export class ReadReceiptsOff extends Schema.TaggedError<ReadReceiptsOff>()("ReadReceiptsOff", message) {}
/**
 * No UDP socket could be opened.
 *
 * @since 0.1.0
 */
export class NoNetwork extends Schema.TaggedError<NoNetwork>()("NoNetwork", message) {}
/**
 * This client has left.
 *
 * @since 0.1.0
 */
export class Closed extends Schema.TaggedError<Closed>()("Closed", message) {}

/**
 * Everything that can fail at a client.
 *
 * @since 0.1.0
 */
export const ClientError = Schema.Union(
  NickTaken,
  NickInvalid,
  NickReserved,
  NotRegistered,
  NoSuchPeer,
  NotAccepting,
  RateLimited,
  Unauthorized,
  NotThisServer,
  ServerNotTrusted,
  Busy,
  NotConnected,
  KeyChanged,
  UnexpectedKey,
  NoSuchKey,
  Blocked,
  NoKey,
  Yourself,
  BadMessage,
  OutboxFull,
  File,
  NoSuchTransfer,
  NoSuchGroup,
  NotJoined,
  ServerUnreachable,
  Protocol,
  Profile,
  History,
  HistoryOff,
  ReadReceiptsOff,
  NoNetwork,
  Closed
)
/** @since 0.1.0 */
export type ClientError = typeof ClientError.Type
/**
 * The tag of an error, which is its code in JSON mode.
 *
 * @since 0.1.0
 */
export type ClientErrorCode = ClientError["_tag"]

/**
 * Whether something that was thrown is an error of a client: then `_tag` tells which.
 *
 * @since 0.1.0
 */
export const isClientError = (thrown: unknown): thrown is ClientError => {
  isOne ??= Schema.is(ClientError)
  return isOne(thrown)
}
let isOne: ((thrown: unknown) => thrown is ClientError) | undefined

// What each call of a client can fail with ----------------------------------------------------------------------------

/**
 * A request to the server: it is the server that chooses how it refuses one.
 *
 * @since 0.1.0
 */
export type ServerError =
  | NickTaken
  | NickInvalid
  | NickReserved
  | NotRegistered
  | NoSuchPeer
  | NotAccepting
  | RateLimited
  | Unauthorized
  | NotThisServer
  | Busy
  | ServerUnreachable
  | Protocol
  | Closed
/**
 * Taking a nickname.
 *
 * @since 0.1.0
 */
export type RegisterError = ServerError | ServerNotTrusted | Profile
/**
 * Asking for somebody.
 *
 * @since 0.1.0
 */
export type QueryError =
  | ServerError
  | Yourself
  | KeyChanged
  | UnexpectedKey
  | NoSuchKey
  | Blocked
  | NoKey
  | Profile
  | NotConnected
/**
 * Sending a text.
 *
 * @since 0.1.0
 */
export type SendError = NotConnected | KeyChanged | BadMessage | OutboxFull | Closed
/**
 * Deciding about a key.
 *
 * @since 0.1.0
 */
export type TrustError = NoSuchPeer | NoSuchKey | NotRegistered | Busy | Profile | Closed
/**
 * What is done about somebody we know.
 *
 * @since 0.1.0
 */
export type ContactError = NoSuchPeer | NoSuchKey | Yourself | NotRegistered | Busy | Closed
/**
 * What is done about a group.
 *
 * @since 0.1.0
 */
export type GroupError = ContactError | NoSuchGroup | NotJoined | NickInvalid
/**
 * Sending a text to a group.
 *
 * @since 0.1.0
 */
export type GroupSendError = GroupError | NotConnected | BadMessage | OutboxFull
/**
 * Reading or changing the history.
 *
 * @since 0.1.0
 */
export type HistoryError = NotRegistered | HistoryOff | History
/**
 * Whom to watch.
 *
 * @since 0.1.0
 */
export type WatchError = NickInvalid | Busy | Closed
/**
 * Telling the other side what was read.
 *
 * @since 0.1.0
 */
export type ReadError = NotConnected | ReadReceiptsOff
/**
 * Offering files.
 *
 * @since 0.1.0
 */
export type OfferError = NotConnected | KeyChanged | Busy | File | Closed
/**
 * Taking a transfer that was offered.
 *
 * @since 0.1.0
 */
export type AcceptError = NoSuchTransfer | File | Closed
/**
 * Anything else that is done to a transfer.
 *
 * @since 0.1.0
 */
export type TransferError = NoSuchTransfer | Closed
