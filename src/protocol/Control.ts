import * as Schema from "effect/Schema"
import { ChannelId } from "../domain/ChannelId.js"
import { MAX_SERVER_NAME } from "../domain/ServerName.js"

/**
 * The control link (docs/protocol.md §1): UTF-8 JSON objects, one a line, discriminated by `_tag`. Unknown keys are
 * ignored. Requests carry `id`, their replies echo it, events have none. Every string that comes from a peer is bounded
 * here, once.
 */

/** Version of the control link and of the peer link together. */
export const PROTOCOL_VERSION = 1

/** Port of the control link unless told otherwise. */
export const DEFAULT_PORT = 9090

/** A longer line of a server ends the connection: it bounds the memory of a reader, and no message comes near. */
export const MAX_LINE = 16 * 1024

/** The same for a line of a client; the longest request is a `Register` or a `Watch` of some 3 KB. */
export const MAX_REQUEST_LINE = 4 * 1024

/** Nicknames of one `Watch`, so that it fits a line, and of all that a session watches. */
export const MAX_WATCH = 24
export const MAX_WATCHED = 128

const Text = (max: number) => Schema.String.pipe(Schema.maxLength(max))
/** Chosen by the requester; a whole number, unique among its unanswered requests. */
const Id = Schema.Int.pipe(Schema.between(0, Number.MAX_SAFE_INTEGER))
/**
 * A nickname as typed, before the rules of `domain/Nickname` are applied. 32 columns take at most a few hundred bytes.
 */
export const MAX_RAW_NICK = 256
const RawNick = Text(MAX_RAW_NICK)
/** `192.0.2.1:9090` or `[2001:db8::1]:9090`; the parts that use it parse it, and ignore one that cannot be parsed. */
export const MAX_ENDPOINT_TEXT = 64
const EndpointText = Text(MAX_ENDPOINT_TEXT)
/** Ports of a server that are elsewhere than its control link: two in each family, and as many for what may come. */
export const MAX_PORTS = 8
/** Unpadded base64url. */
export const BASE64URL = /^[A-Za-z0-9_-]*$/
const Bytes = (max: number) => Text(max).pipe(Schema.pattern(BASE64URL))
export const MAX_ENDPOINTS = 8
const Endpoints = Schema.Array(EndpointText).pipe(Schema.maxItems(MAX_ENDPOINTS))

/** Where the two sides of a channel meet: one in each family, and as many for what may come. */
const MAX_MEETING_PORTS = 4

// Requests ------------------------------------------------------------------------------------------------------------

/** Characters of the members of a `Register`. */
export const MAX_REGISTER = {
  identity: 64,
  record: 1024,
  proof: 128,
  token: 256,
  resume: 64,
  server: MAX_SERVER_NAME
} as const

export const Register = Schema.TaggedStruct("Register", {
  id: Id,
  nick: RawNick,
  /** Ed25519 public key; absent for an anonymous nickname, which can be listed but not talked to. */
  identity: Schema.optional(Bytes(MAX_REGISTER.identity)),
  /** The signed record (protocol/PeerRecord). */
  record: Schema.optional(Bytes(MAX_REGISTER.record)),
  /** Ed25519 signature over this connection and the record (`PeerRecord.signProof`). */
  proof: Schema.optional(Bytes(MAX_REGISTER.proof)),
  /** The server that `proof` is for, as the client has dialled it (`domain/ServerName`). */
  server: Schema.optional(Text(MAX_REGISTER.server)),
  /** Where datagrams may reach this client: at most 8 candidates. */
  endpoints: Schema.optionalWith(Endpoints, { default: () => [] }),
  /** Nobody but the server is to learn this client's addresses. */
  private: Schema.optional(Schema.Boolean),
  /** The server's access token, where it demands one. */
  token: Schema.optional(Text(MAX_REGISTER.token)),
  /** From an earlier `Registered`: takes an anonymous nickname back within its grace time. */
  resume: Schema.optional(Bytes(MAX_REGISTER.resume))
})

/** Characters of what is looked for, and of where a page begins. */
export const MAX_MATCH = 256
export const MAX_AFTER = 512
/** Entries that may be asked for at once. */
export const MAX_ON_PAGE = 1000
export const List = Schema.TaggedStruct("List", {
  id: Id,
  /** Only nicknames that contain this text, compared without case. */
  match: Schema.optional(Text(MAX_MATCH)),
  /** The `next` of the page before. */
  after: Schema.optional(Text(MAX_AFTER)),
  /** Most entries on the page; the server caps it. */
  limit: Schema.optional(Schema.Int.pipe(Schema.between(1, MAX_ON_PAGE)))
})

const Nicks = Schema.Array(RawNick).pipe(Schema.minItems(1), Schema.maxItems(MAX_WATCH))
/** Without `nicks`: everybody. With them: these nicknames too, at most `MAX_WATCHED` in all. */
export const Watch = Schema.TaggedStruct("Watch", { id: Id, nicks: Schema.optional(Nicks) })
/** Without `nicks`: no more of everybody. With them: no more of these. */
export const Unwatch = Schema.TaggedStruct("Unwatch", { id: Id, nicks: Schema.optional(Nicks) })
export const Query = Schema.TaggedStruct("Query", { id: Id, nick: RawNick })
/** `private` as in `Register`; without it, the address is shown from now on. */
export const Update = Schema.TaggedStruct("Update", {
  id: Id,
  endpoints: Endpoints,
  private: Schema.optional(Schema.Boolean)
})
/** These candidates are for the other side of the channel alone, which gets them in an `Incoming`. */
export const Tell = Schema.TaggedStruct("Tell", { id: Id, channel: ChannelId, endpoints: Endpoints })
export const Ping = Schema.TaggedStruct("Ping", { id: Id })

/**
 * How the conversations of a session went at best or worst, coarse and without addresses: the operator's health figure.
 */
export const Mood = Schema.Literal("direct", "lan", "relay", "failed")
export const Exit = Schema.TaggedStruct("Exit", { id: Schema.optional(Id), mood: Schema.optional(Mood) })

/**
 * One sealed packet of the peer link, carried by the server; the same in both directions. Nothing answers it: like a
 * datagram, it arrives or it does not.
 */
export const Relay = Schema.TaggedStruct("Relay", {
  channel: ChannelId,
  /** At most 1200 bytes. */
  packet: Bytes(1600)
})

export const Request = Schema.Union(Register, List, Watch, Unwatch, Query, Update, Tell, Ping, Exit, Relay)
export type Request = typeof Request.Type

// Replies -------------------------------------------------------------------------------------------------------------

export const Limits = Schema.Struct({
  /** Bytes of one line. */
  line: Schema.Int,
  /** Milliseconds without a byte from the client after which the server closes. */
  idleMs: Schema.Int,
  /** Milliseconds from the connection to a successful `Register`. */
  registerMs: Schema.Int
})

/** Bytes: a full packet, as it is counted. Who is told less a second than that takes it for this much. */
export const LEAST_RELAY_BYTES = 1_264
const RelayBytes = Schema.JsonNumber.pipe(Schema.between(LEAST_RELAY_BYTES, Number.MAX_SAFE_INTEGER))

/** The server speaks first. */
export const Welcome = Schema.TaggedStruct("Welcome", {
  protocol: Schema.Int,
  /** Name and version of the server's software. */
  server: Text(128),
  /** 32 random bytes for `Register.proof`, fresh for each connection. */
  challenge: Bytes(64),
  limits: Limits,
  /** The server's clock as it greets, in ms since 1970 UTC; only to find wrong clocks by. */
  now: Schema.optional(Schema.JsonNumber),
  /** UDP ports of the reflector on the server's address; empty when it has none. */
  udp: Schema.Array(Schema.Int).pipe(Schema.maxItems(4)),
  /** Where these ports are, if not on the address of the control link: of each family the first port first. */
  udpAt: Schema.optional(Schema.Array(EndpointText).pipe(Schema.maxItems(MAX_PORTS))),
  /**
   * Whether packets are carried between any two (§2.2): then candidates need not be told to the server, as the
   * handshake tells them.
   */
  relay: Schema.optional(Schema.Boolean),
  /**
   * What the relay takes of this session on each channel: `burst` bytes at once, then so many a second; a packet counts
   * with 64 bytes besides its own.
   */
  relayRate: Schema.optional(Schema.Struct({ burst: RelayBytes, bytesPerSecond: RelayBytes })),
  /** Whether `Register` needs a `token`. */
  tokenRequired: Schema.optional(Schema.Boolean),
  motd: Schema.optional(Text(2048))
})

export const Registered = Schema.TaggedStruct("Registered", {
  id: Id,
  /** The nickname in its canonical form (NFC). */
  nick: RawNick,
  /** Milliseconds the nickname outlives silence; ping at a third of it. */
  lease: Schema.Int,
  /** The address and port that this connection comes from, as the server sees them. */
  observed: EndpointText,
  resume: Bytes(64)
})

export const ClientEntry = Schema.Struct({
  nick: RawNick,
  /** Empty for somebody who hides it. */
  address: EndpointText,
  /** Empty for an anonymous nickname. */
  fingerprint: Text(64),
  /** When it registered, ms since 1970 UTC by the server's clock. */
  since: Schema.JsonNumber
})
export type ClientEntry = typeof ClientEntry.Type

export const Clients = Schema.TaggedStruct("Clients", {
  id: Id,
  clients: Schema.Array(ClientEntry),
  /** Present when there is more: pass it as `after`. */
  next: Schema.optional(Text(512))
})

/** One of the nicknames that were asked for, as it is registered; no fingerprint for an anonymous one. */
export const PresentNick = Schema.Struct({ nick: RawNick, fingerprint: Schema.optional(Text(64)) })
export type PresentNick = typeof PresentNick.Type

/**
 * Without `here`, events follow for everybody, the first with `version + 1`. With it, for the nicknames of the request:
 * those that are here now, and `Presence` for what changes.
 */
export const Watching = Schema.TaggedStruct("Watching", {
  id: Id,
  version: Schema.Int,
  here: Schema.optional(Schema.Array(PresentNick).pipe(Schema.maxItems(MAX_WATCH)))
})
export const Unwatched = Schema.TaggedStruct("Unwatched", { id: Id })

/** Half an introduction: what one side learns of the other. `Peer` answers `Query`; `Incoming` tells the other side. */
const introduction = {
  nick: RawNick,
  /** Empty for somebody who hides it. */
  address: EndpointText,
  /** Absent for an anonymous nickname: it has no key, so no peer link can be opened. */
  record: Schema.optional(Bytes(1024)),
  candidates: Endpoints,
  /** 8 random bytes that name the pair; the same for both sides and for every query between these two sessions. */
  channel: Bytes(16),
  /** 32 random bytes known to the server and the pair: gates the handshake, protects nothing else. */
  pairKey: Bytes(64),
  /**
   * Present when the server carries packets between the two: what this side shows in its datagrams to the relay (8
   * bytes), and the port where those of both sides meet, at most one of each family, if that is not their server's.
   */
  relay: Schema.optional(
    Schema.Struct({
      token: Bytes(16),
      at: Schema.optional(Schema.Array(EndpointText).pipe(Schema.maxItems(MAX_MEETING_PORTS)))
    })
  )
}
export const Peer = Schema.TaggedStruct("Peer", { id: Id, ...introduction })
export const Updated = Schema.TaggedStruct("Updated", { id: Id })
export const Pong = Schema.TaggedStruct("Pong", { id: Id })
export const Bye = Schema.TaggedStruct("Bye", { id: Schema.optional(Id) })

// Events --------------------------------------------------------------------------------------------------------------

export const Incoming = Schema.TaggedStruct("Incoming", introduction)
/**
 * What changed among the nicknames that this session watches: who came, with another session than before if they were
 * here, and who is gone. A nickname is in one of the two.
 */
export const Presence = Schema.TaggedStruct("Presence", {
  here: Schema.Array(PresentNick).pipe(Schema.maxItems(MAX_WATCHED)),
  gone: Schema.Array(RawNick).pipe(Schema.maxItems(MAX_WATCHED))
})
/** `version` grows by one with each presence event; after a gap, `List` again. */
const presence = { version: Schema.Int, nick: RawNick, address: EndpointText, fingerprint: Text(64) }
export const Joined = Schema.TaggedStruct("Joined", presence)
export const Left = Schema.TaggedStruct("Left", presence)
export const Changed = Schema.TaggedStruct("Changed", presence)
/** The server goes down in `inMs`; come back after that plus a random part of `spreadMs`. */
export const Restarting = Schema.TaggedStruct("Restarting", { inMs: Schema.Int, spreadMs: Schema.Int })
/** The same identity registered the nickname from elsewhere; this link closes. Do not reconnect by yourself. */
export const Replaced = Schema.TaggedStruct("Replaced", {})

// Refusals ------------------------------------------------------------------------------------------------------------

/** `id` names the refused request; absent when the line had none or concerns the connection. */
const refusal = { id: Schema.optional(Id), message: Text(512) }

export class NickTaken extends Schema.TaggedError<NickTaken>()("NickTaken", {
  ...refusal,
  /** Free, valid nicknames close to the one asked for; up to 3. */
  suggestions: Schema.Array(RawNick).pipe(Schema.maxItems(8))
}) {}
export class NickInvalid extends Schema.TaggedError<NickInvalid>()("NickInvalid", { ...refusal, reason: Text(256) }) {}
export class NickReserved extends Schema.TaggedError<NickReserved>()("NickReserved", refusal) {}
export class NotRegistered extends Schema.TaggedError<NotRegistered>()("NotRegistered", refusal) {}
export class NoSuchPeer extends Schema.TaggedError<NoSuchPeer>()("NoSuchPeer", refusal) {}
export class NotAccepting extends Schema.TaggedError<NotAccepting>()("NotAccepting", refusal) {}
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  ...refusal,
  retryAfterMs: Schema.Int
}) {}
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", refusal) {}
export class Malformed extends Schema.TaggedError<Malformed>()("Malformed", refusal) {}
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", refusal) {}
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", refusal) {}
/** The proof is for another server, as the client has dialled it. */
export class NotThisServer extends Schema.TaggedError<NotThisServer>()("NotThisServer", refusal) {}
export class Busy extends Schema.TaggedError<Busy>()("Busy", refusal) {}

export const Refusal = Schema.Union(
  NickTaken,
  NickInvalid,
  NickReserved,
  NotRegistered,
  NoSuchPeer,
  NotAccepting,
  RateLimited,
  TooLarge,
  Malformed,
  Unsupported,
  Unauthorized,
  NotThisServer,
  Busy
)
export type Refusal = typeof Refusal.Type

export const Reply = Schema.Union(
  Registered,
  Clients,
  Watching,
  Unwatched,
  Peer,
  Updated,
  Pong,
  Bye,
  ...Refusal.members
)
export type Reply = typeof Reply.Type

export const Event = Schema.Union(Welcome, Incoming, Presence, Joined, Left, Changed, Restarting, Replaced, Relay)
export type Event = typeof Event.Type

/** Everything a server sends. */
export const ServerMessage = Schema.Union(...Event.members, ...Reply.members)
export type ServerMessage = typeof ServerMessage.Type
export type ServerMessageEncoded = typeof ServerMessage.Encoded
