import type { SendRefusal } from "../core/peer/Api.js"
import { MAX_MESSAGE } from "../core/peer/Api.js"
import type * as Control from "../protocol/Control.js"
import { ClientError } from "./Client.js"

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

const suggest = (nicks: ReadonlyArray<string>): string => (nicks.length === 0 ? "" : `free: ${nicks.join(", ")}`)

const withHint = (message: string, hint: string): string => (hint === "" ? message : `${message} (${hint})`)
