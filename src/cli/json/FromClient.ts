import type { ClientError } from "../../core/client/ClientError.js"
import type { ClientEvent } from "../../core/client/Events.js"
import type { Transfer } from "../../core/client/Transfer.js"
import type { Ref } from "./Command.js"
import type { Event } from "./Event.js"

/** A client's event in JSON mode; none for `Closed`, which ends the program. */
export const fromEvent = (event: Exclude<ClientEvent, { readonly _tag: "Closed" }>): Event => {
  switch (event._tag) {
    case "Registered":
    case "NickTaken":
    case "Greeting":
    case "ServerLost":
    case "Message":
    case "Journal":
    case "Joined":
    case "Left": {
      const { _tag, ...fields } = event
      return { event: uncapitalized(_tag), ...fields } as Event
    }
    case "Transfer":
      return { event: "transfer", ...fromTransfer(event.transfer) }
    case "Failed": {
      const { _tag, nick, ...fields } = event
      return {
        event: "error",
        ...fields,
        message: withHint(fields, nick),
        ...(nick === undefined ? {} : { peer: nick })
      }
    }
    default: {
      const { _tag, nick, ...fields } = event
      return { event: _tag === "PathChanged" ? "path" : uncapitalized(_tag), peer: nick, ...fields } as Event
    }
  }
}

const uncapitalized = (tag: string): string => tag.charAt(0).toLowerCase() + tag.slice(1)

/** A transfer as events and lists show it. */
export const fromTransfer = ({
  id,
  nick,
  ...transfer
}: Transfer): Omit<Transfer, "nick"> & { readonly peer: string } => ({
  id,
  peer: nick,
  ...transfer
})

/** Why a command failed that was about `nick`, if it was about somebody. */
export const fromError = (error: ClientError, nick?: string): Event => ({
  event: "error",
  code: error._tag,
  message: withHint({ code: error._tag, message: error.message }, nick),
  ...(error._tag === "RateLimited" ? { retryAfterMs: error.retryAfterMs } : {})
})

const withHint = (error: { readonly code: string; readonly message: string }, nick: string | undefined): string =>
  error.code === "KeyChanged" && nick !== undefined
    ? `${error.message}, with ${JSON.stringify({ cmd: "trust", nick })}`
    : error.message

/** The event as the answer to the command with this `ref`. */
export const answering = (event: Event, ref: Ref | undefined): Event => (ref === undefined ? event : { ...event, ref })
