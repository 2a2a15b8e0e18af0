import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { ChannelId } from "../../domain/ChannelId.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as Control from "../../protocol/Control.js"

/**
 * One line of the server, decoded.
 *
 * `Unknown` is a message of a later version of the protocol, to be ignored; a refusal of one is told as `NotAccepting`,
 * with its own words. `Malformed` is anything that is no message at all: text that is not UTF-8, not JSON, or a known
 * message with wrong fields.
 */
export type Decoded =
  | { readonly _tag: "Message"; readonly message: Control.ServerMessage }
  | { readonly _tag: "Unknown" }
  | { readonly _tag: "Malformed" }

export const decode = (line: string): Decoded => {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return malformed
  }
  const tag = (json as { readonly _tag?: unknown } | null)?._tag
  if (typeof tag !== "string") return malformed
  if (!Object.hasOwn(kinds, tag)) return laterRefusal(json) ?? unknown
  const message = decodeMessage(json)
  return Either.isRight(message) ? { _tag: "Message", message: message.right } : malformed
}

/** What says of a request, in words, why it was not done: a refusal whose name we do not know yet. */
const laterRefusal = (json: unknown): Decoded | undefined => {
  const refusal = decodeLater({ ...(json as object), _tag: "NotAccepting" })
  return Either.isRight(refusal) && refusal.right.id !== undefined
    ? { _tag: "Message", message: refusal.right }
    : undefined
}

/** Requests as their sender writes them: the link adds the `id`. */
export type RequestBody = DistributiveOmit<
  Exclude<typeof Control.Request.Encoded, { readonly _tag: "Exit" | "Relay" }>,
  "id"
>

/** A `Register` has a key that means nothing (docs/protocol.md §5-10), with a value that is not always the same. */
export const encode = (request: RequestBody & { readonly id: number }): Uint8Array =>
  line(request._tag === "Register" ? { ...request, "x-grease": GREASE[request.id % GREASE.length] } : request)

const GREASE = [0, "", [], {}, null]

export const encodeExit = (mood: typeof Control.Mood.Type | undefined): Uint8Array =>
  line(mood === undefined ? { _tag: "Exit" } : { _tag: "Exit", mood })

export const encodeRelay = (channel: ChannelId, packet: Uint8Array): Uint8Array =>
  line({ _tag: "Relay", channel, packet: Bytes.toBase64Url(packet) })

/** Whether `reply` may answer `request`; a refusal may answer anything. */
export const answers = (request: RequestBody["_tag"], reply: Control.Reply): boolean =>
  reply._tag === replyOf[request] || isRefusal(reply)

export const isRefusal = (message: Control.ServerMessage): message is Control.Refusal =>
  kinds[message._tag] === "refusal"

type DistributiveOmit<A, K extends PropertyKey> = A extends unknown ? Omit<A, K> : never

const replyOf: { readonly [request in RequestBody["_tag"]]: Control.Reply["_tag"] } = {
  Register: "Registered",
  List: "Clients",
  Watch: "Watching",
  Unwatch: "Unwatched",
  Query: "Peer",
  Update: "Updated",
  Tell: "Updated",
  Ping: "Pong"
}

const decodeLater = Schema.decodeUnknownEither(Control.NotAccepting)
const decodeMessage = Schema.decodeUnknownEither(Control.ServerMessage)

/** Complete by type, so that a new message cannot be forgotten here and then be taken for one of a later version. */
const kinds: { readonly [tag in Control.ServerMessage["_tag"]]: "event" | "reply" | "refusal" } = {
  Welcome: "event",
  Incoming: "event",
  Presence: "event",
  Joined: "event",
  Left: "event",
  Changed: "event",
  Restarting: "event",
  Replaced: "event",
  Relay: "event",
  Registered: "reply",
  Clients: "reply",
  Watching: "reply",
  Unwatched: "reply",
  Peer: "reply",
  Updated: "reply",
  Pong: "reply",
  Bye: "reply",
  NickTaken: "refusal",
  NickInvalid: "refusal",
  NickReserved: "refusal",
  NotRegistered: "refusal",
  NoSuchPeer: "refusal",
  NotAccepting: "refusal",
  RateLimited: "refusal",
  TooLarge: "refusal",
  Malformed: "refusal",
  Unsupported: "refusal",
  Unauthorized: "refusal",
  NotThisServer: "refusal",
  Busy: "refusal"
}

const encoder = new TextEncoder()
const line = (value: object): Uint8Array => encoder.encode(`${JSON.stringify(value)}\n`)

const malformed: Decoded = { _tag: "Malformed" }
const unknown: Decoded = { _tag: "Unknown" }
