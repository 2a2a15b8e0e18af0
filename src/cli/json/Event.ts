import * as Schema from "effect/Schema"
import { KINDS as NAT_KINDS } from "../../core/nat/NatKind.js"
import { POLICIES } from "../../core/peer/path/Policy.js"
import { Ref } from "./Command.js"
import * as Line from "./Line.js"

/**
 * The events of JSON mode, one a line on standard output (docs/json.md). Texts and nicknames are exactly what the other
 * side sent: a program that shows them to people has to sanitize them.
 */
const event = <Name extends string, Fields extends Schema.Struct.Fields>(name: Name, fields: Fields) =>
  Schema.Struct({ event: Schema.Literal(name), ...fields, ref: Schema.optionalWith(Ref, { exact: true }) })

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const PeerInfo = Schema.Struct({ nick: Schema.String, address: Schema.String, fingerprint: Schema.String })

export const Path = Schema.Struct({
  kind: Schema.Literal("direct", "lan", "relay"),
  address: Schema.String,
  rttMs: Schema.Number
})

export const Registered = event("registered", PeerInfo.fields)
export const NickTaken = event("nickTaken", { nick: Schema.String, suggestions: Schema.Array(Schema.String) })
export const Peers = event("peers", { peers: Schema.Array(PeerInfo) })
export const Peer = event("peer", PeerInfo.fields)
export const Sent = event("sent", { to: Schema.String, id: Schema.String })
export const Ok = event("ok", {
  cmd: Schema.Literal(
    "trust",
    "leave",
    "path",
    "read",
    "clearHistory",
    "accept",
    "decline",
    "cancel",
    "pause",
    "resume"
  )
})

/** `at` is ms since 1970 UTC. */
export const History = event("history", {
  messages: Schema.Array(
    Schema.Struct({
      direction: Schema.Literal("sent", "received"),
      nick: Schema.String,
      id: Schema.String,
      at: Schema.Number,
      text: Schema.String,
      state: optional(Schema.Literal("sent", "delivered", "read"))
    })
  ),
  more: Schema.Int
})

/** Numbers are milliseconds unless they count something. */
export const Why = event("why", {
  nick: Schema.String,
  policy: Schema.Literal(...POLICIES),
  path: optional(Path),
  networks: Schema.Struct({ own: Schema.Literal(...NAT_KINDS), peer: Schema.Literal(...NAT_KINDS) }),
  expected: Schema.Literal("direct", "relay", "either"),
  relayOffered: Schema.Boolean,
  candidates: Schema.Array(
    Schema.Struct({
      ...Path.fields,
      source: Schema.Literal("server", "peer", "seen"),
      active: Schema.Boolean,
      trusted: Schema.Boolean,
      probes: Schema.Int,
      answers: Schema.Int,
      provenMsAgo: optional(Schema.Number),
      sent: Schema.Int,
      received: Schema.Int
    })
  ),
  changes: Schema.Array(
    Schema.Struct({
      msAgo: Schema.Number,
      path: optional(Path),
      reason: Schema.Literal("first", "better", "failed", "moved", "policy", "ended")
    })
  ),
  sent: Schema.Int,
  lost: Schema.Int,
  lines: Schema.Array(Schema.String),
  advice: optional(Schema.String)
})

export const Connected = event("connected", { peer: Schema.String, path: Path })
export const Incoming = event("incoming", {
  peer: Schema.String,
  fingerprint: Schema.String,
  known: Schema.Boolean
})
export const Mutual = event("mutual", { peer: Schema.String })
export const Message = event("message", { from: Schema.String, id: Schema.String, text: Schema.String })
export const Delivered = event("delivered", { peer: Schema.String, id: Schema.String })
export const Read = event("read", { peer: Schema.String, id: Schema.String })
export const Waiting = event("waiting", { peer: Schema.String, id: Schema.String })
export const PathChanged = event("path", { peer: Schema.String, path: Path })
export const Disconnected = event("disconnected", {
  peer: Schema.String,
  reason: Schema.Literal("left", "timeout", "unreachable", "closed", "replaced"),
  undelivered: Schema.Int
})
export const Kept = event("kept", { peer: Schema.String, undelivered: Schema.Int })
export const Journal = event("journal", { safe: Schema.Boolean, message: Schema.String })
export const Joined = event("joined", { nick: Schema.String })
export const Left = event("left", { nick: Schema.String })
export const Greeting = event("greeting", { text: Schema.String })
export const ServerLost = event("serverLost", { message: Schema.String, retryInMs: Schema.Number })
const transfer = {
  id: Schema.String,
  peer: Schema.String,
  direction: Schema.Literal("out", "in"),
  kind: Schema.Literal("file", "folder"),
  name: Schema.String,
  size: Schema.Number,
  files: Schema.Int,
  state: Schema.Literal(
    "preparing",
    "offered",
    "waiting",
    "active",
    "paused",
    "finishing",
    "done",
    "declined",
    "cancelled",
    "failed"
  ),
  transferred: Schema.Number,
  rate: Schema.Number,
  skipped: optional(Schema.Int),
  pausedBy: optional(Schema.Literal("us", "them", "both")),
  path: optional(Schema.String),
  message: optional(Schema.String)
}
/** Bytes, and bytes a second. */
export const Transfer = event("transfer", transfer)
export const Files = event("files", { transfers: Schema.Array(Schema.Struct(transfer)) })
export const Failure = event("error", {
  code: Schema.String,
  message: Schema.String,
  peer: optional(Schema.String),
  retryAfterMs: optional(Schema.Number)
})
export const Bye = event("bye", {})

export const Event = Schema.Union(
  Registered,
  NickTaken,
  Peers,
  Peer,
  Sent,
  Ok,
  History,
  Why,
  Connected,
  Incoming,
  Mutual,
  Message,
  Delivered,
  Read,
  Waiting,
  PathChanged,
  Disconnected,
  Kept,
  Journal,
  Joined,
  Left,
  Greeting,
  ServerLost,
  Transfer,
  Files,
  Failure,
  Bye
)
export type Event = typeof Event.Type

/** The event as one line. */
export const encode = (value: Event): string => Line.encode(value)
