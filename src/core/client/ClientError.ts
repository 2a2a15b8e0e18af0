import * as Data from "effect/Data"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import type * as Control from "../../protocol/Control.js"
import type { SendRefusal } from "../peer/chat/Conversation.js"
import type { ClientEvent } from "./Events.js"
import { MAX_PINS } from "./Pins.js"

export type ClientErrorCode =
  | "NickTaken"
  | "NickInvalid"
  | "NickReserved"
  | "NotRegistered"
  | "NoSuchPeer"
  | "NotAccepting"
  | "RateLimited"
  | "Unauthorized"
  | "Busy"
  /** Law 2: query the peer first. */
  | "NotConnected"
  /** The peer's key is not the one pinned under this nickname. */
  | "KeyChanged"
  /** The peer has no key, or its record is not valid. */
  | "NoKey"
  | "Yourself"
  | "BadMessage"
  | "OutboxFull"
  /** A file or folder cannot be read or stored; the message names it. */
  | "File"
  /** No such transfer, or it is not in a state for this. */
  | "NoSuchTransfer"
  /** The server cannot be reached now. */
  | "ServerUnreachable"
  /** The server broke the protocol. */
  | "Protocol"
  /** The profile (identity, known peers) cannot be read; the message names the file. */
  | "Profile"
  /** The history cannot be read or changed; the message says why. */
  | "History"
  /** No history is kept. */
  | "HistoryOff"
  /** Others are not to be told what was read. */
  | "ReadReceiptsOff"
  /** No UDP socket could be opened. */
  | "NoNetwork"
  | "Closed"

export class ClientError extends Data.TaggedError("ClientError")<{
  readonly code: ClientErrorCode
  /** One line for people: what happened and what to do next. */
  readonly message: string
  readonly suggestions?: ReadonlyArray<string>
  /** With `NickTaken`: by another program on this machine that uses our own profile. */
  readonly byOurselves?: boolean
  readonly retryAfterMs?: number
  readonly refusal?: SendRefusal
}> {}

/** The refusals of server, machine and own rules as errors for people: one line each, with what to do next. */

export const ofRefusal = (refusal: Control.Refusal): ClientError => {
  switch (refusal._tag) {
    case "NickTaken":
      return new ClientError({
        code: "NickTaken",
        message: withHint(refusal.message, suggest(refusal.suggestions)),
        suggestions: refusal.suggestions
      })
    case "NickInvalid":
    case "NickReserved":
    case "NotRegistered":
    case "NoSuchPeer":
    case "NotAccepting":
    case "Busy":
      return new ClientError({ code: refusal._tag, message: refusal.message })
    case "Unauthorized":
      return new ClientError({
        code: "Unauthorized",
        message: withHint(refusal.message, "this server demands its access token")
      })
    case "RateLimited":
      return new ClientError({
        code: "RateLimited",
        message: withHint(refusal.message, `try again in ${Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))} s`),
        retryAfterMs: refusal.retryAfterMs
      })
    case "TooLarge":
    case "Malformed":
    case "Unsupported":
      return new ClientError({ code: "Protocol", message: `the server did not understand us: ${refusal.message}` })
  }
}

export const ofSendRefusal = (refusal: SendRefusal, nick: string): ClientError => {
  switch (refusal._tag) {
    case "NotConsented":
      return notConnected(nick)
    case "BadLength":
      return new ClientError({
        code: "BadMessage",
        message: `a message has between 1 byte and ${MAX_MESSAGE / 1024} KiB`,
        refusal
      })
    case "OutboxFull":
      return new ClientError({
        code: "OutboxFull",
        message: `too much is waiting for ${nick}; wait until some of it is delivered`,
        refusal
      })
  }
}

export const notConnected = (nick: string): ClientError =>
  new ClientError({ code: "NotConnected", message: `ask for ${nick} first (query ${nick}), then write` })

export const keyChanged = (nick: string, pinned: string, offered: string): ClientError =>
  new ClientError({
    code: "KeyChanged",
    message: `the key of ${nick} has changed from ${pinned} to ${offered}: somebody may be posing as ${nick}; compare by voice before you trust it`
  })

export const noKey = (nick: string, why: string): ClientError =>
  new ClientError({ code: "NoKey", message: `${nick} cannot be talked to: ${why}` })

export const unreachable = (message: string): ClientError => new ClientError({ code: "ServerUnreachable", message })

export const protocol = (message: string): ClientError => new ClientError({ code: "Protocol", message })

export const closed = (): ClientError => new ClientError({ code: "Closed", message: "this client has left" })

export const noSuchPeer = (message: string): ClientError => new ClientError({ code: "NoSuchPeer", message })

export const yourself = (nick: string): ClientError => new ClientError({ code: "Yourself", message: `${nick} is you` })

export const notRegistered = (): ClientError =>
  new ClientError({ code: "NotRegistered", message: "register a nickname first" })

/** `fault` is what follows "the nickname". */
export const nickInvalid = (fault: string): ClientError =>
  new ClientError({ code: "NickInvalid", message: `the nickname ${fault}` })

/** By another program on this machine that uses our own profile. */
export const takenByOurselves = (nick: string, suggestions: ReadonlyArray<string>): ClientError =>
  new ClientError({
    code: "NickTaken",
    message: `the nickname ${nick} is in use by another parley of yours on this machine: leave it there, or take another nickname`,
    byOurselves: true,
    suggestions
  })

export const tooManyConversations = (): ClientError =>
  new ClientError({ code: "Busy", message: "too many conversations are open; leave one first" })

export const tooManyPolicies = (nick: string): ClientError =>
  new ClientError({ code: "Busy", message: `too many nicknames have a path of their own already; ${nick} got none` })

export const pinsFull = (nick: string): ClientError =>
  new ClientError({
    code: "Busy",
    message: `the key of ${nick} cannot be remembered: known-peers.json holds ${MAX_PINS} already; remove some`
  })

export const profileFailed = (message: string): ClientError => new ClientError({ code: "Profile", message })

export const readReceiptsOff = (): ClientError =>
  new ClientError({ code: "ReadReceiptsOff", message: "others are told what was read only with --read-receipts" })

/** So far behind is who reads our events that nothing should be sent that causes more of them. */
export const eventsUnread = (): ClientError =>
  new ClientError({ code: "OutboxFull", message: "nobody reads this client's events; read some first" })

export const noNetwork = (message: string): ClientError => new ClientError({ code: "NoNetwork", message })

/** What nobody waits for: told as an event. `nick` is whom it is about, if it is about one. */
export const failed = ({ code, message }: ClientError, nick?: string): ClientEvent => ({
  _tag: "Failed",
  code,
  message,
  ...(nick === undefined ? {} : { nick })
})

const suggest = (nicks: ReadonlyArray<string>): string => (nicks.length === 0 ? "" : `free: ${nicks.join(", ")}`)

const withHint = (message: string, hint: string): string => (hint === "" ? message : `${message} (${hint})`)
