import * as Schema from "effect/Schema"
import * as Nickname from "../../domain/Nickname.js"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import type * as Control from "../../protocol/Control.js"
import { MAX_MEMBERS } from "../../protocol/GroupRecord.js"
import type { SendRefusal } from "../peer/chat/Conversation.js"
import type { Introduced } from "../peer/Peers.js"
import { MAX_CONTACTS } from "./Contacts.js"
import type { ClientEvent } from "./Events.js"
import { MAX_JOINED } from "./groups/Groups.js"
import { KeyChange, type Owner } from "./KeyChange.js"

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

/** The refusals of server, machine and own rules as errors for people: one line each, with what to do next. */

export const ofRefusal = (refusal: Control.Refusal): ServerError => {
  switch (refusal._tag) {
    case "NickTaken":
      return new NickTaken({
        message: withHint(refusal.message, suggest(refusal.suggestions)),
        suggestions: refusal.suggestions,
        byOurselves: false
      })
    case "NickInvalid":
      return new NickInvalid({ message: refusal.message })
    case "NickReserved":
      return new NickReserved({ message: refusal.message })
    case "NotRegistered":
      return new NotRegistered({ message: refusal.message })
    case "NoSuchPeer":
      return noSuchPeer(refusal.message)
    case "NotAccepting":
      return new NotAccepting({ message: refusal.message })
    case "Busy":
      return new Busy({ message: refusal.message })
    case "Unauthorized":
      return new Unauthorized({ message: refusal.message })
    case "NotThisServer":
      return new NotThisServer({
        message: withHint(
          refusal.message,
          "if it was never called that, you have reached another server than you meant"
        )
      })
    case "RateLimited":
      return new RateLimited({
        message: /try again/i.test(refusal.message)
          ? refusal.message
          : withHint(refusal.message, `try again in ${Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))} s`),
        retryAfterMs: refusal.retryAfterMs
      })
    case "TooLarge":
    case "Malformed":
    case "Unsupported":
      return protocol(`the server did not understand us (is it of another version?): ${refusal.message}`)
  }
}

export const ofSendRefusal = (refusal: SendRefusal, nick: string): NotConnected | BadMessage | OutboxFull => {
  switch (refusal._tag) {
    case "NotConsented":
      return notConnected(nick)
    case "BadLength":
      return new BadMessage({ message: `a message has between 1 byte and ${MAX_MESSAGE / 1024} KiB` })
    case "OutboxFull":
      return new OutboxFull({ message: `too much is waiting for ${nick}; wait until some of it is delivered` })
  }
}

export const notConnected = (nick: string): NotConnected =>
  new NotConnected({ message: `ask for ${nick} first (query ${nick}), then write` })

export const keyChanged = (nick: string, owner: Owner, offered: string): KeyChanged => {
  const { fingerprint: known, verified } = owner
  const what =
    Nickname.key(owner.nick) === Nickname.key(nick)
      ? `the key of ${nick} has changed from ${known} to ${offered}`
      : `${nick} looks like ${owner.nick}, whose key is ${known}, and has the key ${offered}`
  const posing = `somebody may be posing as ${owner.nick}; ask ${owner.nick} by another way which is right`
  return new KeyChanged({
    message: `${what}: ${posing}${verified ? ". You had verified the known one, so nothing goes to either until you decide" : ""}`,
    change: { known, offered, verified }
  })
}

/** A verified key, and another one under its nickname, about which our user has not decided yet. */
export const undecided = (nick: string, known: string, offered: string | undefined): KeyChanged =>
  new KeyChanged({
    message: `nothing goes to ${nick}, whose key you had verified (${known}): another key was shown under that name${
      offered === undefined ? "" : ` (${offered})`
    }; ask ${nick} by another way which is right`,
    change: { known, ...(offered === undefined ? {} : { offered }), verified: true }
  })

export const unexpectedKey = (nick: string, expected: string, offered: string): UnexpectedKey =>
  new UnexpectedKey({
    message: `${nick} has the key ${offered}, not the expected ${expected}`,
    expected,
    offered
  })

export const noSuchKey = (message: string): NoSuchKey => new NoSuchKey({ message })

export const blocked = (nick: string): Blocked =>
  new Blocked({
    message: `you have blocked ${nick}: /unblock ${nick}, or parley contacts unblock ${nick}, takes it back`
  })

export const noKey = (nick: string, why: string): NoKey => new NoKey({ message: `${nick} cannot be talked to: ${why}` })

export const unreachable = (message: string): ServerUnreachable => new ServerUnreachable({ message })

export const notTrusted = (message: string): ServerNotTrusted => new ServerNotTrusted({ message })

export const protocol = (message: string): Protocol => new Protocol({ message })

export const closed = (): Closed => new Closed({ message: "this client has left" })

export const noSuchPeer = (message: string): NoSuchPeer => new NoSuchPeer({ message })

export const yourself = (nick: string): Yourself => new Yourself({ message: `${nick} is you` })

export const notRegistered = (): NotRegistered =>
  new NotRegistered({ message: "you have no nickname yet: take one first" })

/** `fault` is what follows "the nickname". */
export const nickInvalid = (fault: string): NickInvalid => new NickInvalid({ message: `the nickname ${fault}` })

/** A nickname is taken by another program on this machine that uses our own profile. */
export const takenByOurselves = (nick: string, suggestions: ReadonlyArray<string>): NickTaken =>
  new NickTaken({
    message: `the nickname ${nick} is in use by another parley of yours: leave it there, or take another nickname`,
    suggestions,
    byOurselves: true
  })

/** Why an introduction was not taken. */
export const notTaken = (reason: Exclude<Introduced, "Taken">, nick: string): QueryError => {
  switch (reason) {
    case "Ourselves":
      return yourself(nick)
    case "OtherPeer":
      return protocol(`the server takes ${nick} for somebody else whom you talk to; ask again later`)
    case "NoRoom":
      return new Busy({ message: "too many conversations are open; leave one first" })
    case "Blocked":
      return blocked(nick)
  }
}

export const tooManyPolicies = (nick: string): Busy =>
  new Busy({ message: `too many nicknames have a path of their own already; ${nick} got none` })

export const tooManyWatched = (nick: string): Busy =>
  new Busy({ message: `too many nicknames are watched already; ${nick} is not` })

export const contactsFull = (nick: string): Busy =>
  new Busy({ message: `the key of ${nick} cannot be remembered: you know ${MAX_CONTACTS} people already; forget some` })

export const noSuchGroup = (which: string): NoSuchGroup =>
  new NoSuchGroup({ message: `there is no group ${which}: groups shows all` })

export const notJoined = (name: string): NotJoined =>
  new NotJoined({ message: `you have not joined #${name}: join it, which asks for everybody in it` })

export const tooManyGroups = (): Busy =>
  new Busy({ message: `you are in ${MAX_JOINED} groups, which is as many as there can be: leave one first` })

export const groupFull = (name: string): Busy =>
  new Busy({ message: `a group has at most ${MAX_MEMBERS} people, you included: #${name} would have more` })

export const noSuchMember = (nick: string, name: string): NoSuchPeer =>
  new NoSuchPeer({ message: `there is no ${nick} in #${name}` })

export const nobodyInGroup = (name: string): NotConnected =>
  new NotConnected({ message: `there is nobody in #${name} whom you have asked for: join it to ask for everybody` })

/** `fault` is what follows "a name". */
export const groupNameInvalid = (fault: string): NickInvalid =>
  new NickInvalid({ message: `a group is called like a person, and this name ${fault}` })

export const groupTooLong = (most: number): BadMessage =>
  new BadMessage({ message: `a message to a group has 1 to ${most} bytes of text` })

export const outboxesFull = (name: string): OutboxFull =>
  new OutboxFull({ message: `too many messages wait for everybody in #${name}; wait until some are delivered` })

export const profileFailed = (message: string): Profile => new Profile({ message })

export const readReceiptsOff = (): ReadReceiptsOff =>
  new ReadReceiptsOff({ message: "others are told what was read only with --read-receipts" })

/** The reader of our events is so far behind that nothing should be sent that causes more of them. */
export const eventsUnread = (): OutboxFull =>
  new OutboxFull({ message: "nobody reads this client's events; read some first" })

export const noNetwork = (message: string): NoNetwork => new NoNetwork({ message })

/** What nobody waits for: told as an event. `nick` is the one that it is about, if it is about one. */
export const failed = (error: ClientError, nick?: string): ClientEvent => ({
  _tag: "Failed",
  code: error._tag,
  message: error.message,
  ...(nick === undefined ? {} : { nick }),
  ...(error._tag === "KeyChanged" ? { change: error.change } : {})
})

const suggest = (nicks: ReadonlyArray<string>): string => (nicks.length === 0 ? "" : `free: ${nicks.join(", ")}`)

const withHint = (message: string, hint: string): string => (hint === "" ? message : `${message} (${hint})`)
