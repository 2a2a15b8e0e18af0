import type { ClientError } from "../../core/client/ClientError.js"
import type { ClientEvent } from "../../core/client/Events.js"
import type { KeyChange } from "../../core/client/KeyChange.js"
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
    case "Server":
    case "Message":
    case "Journal":
    case "Present":
    case "Joined":
    case "Left":
    case "Renamed": {
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
        message: withHint(event, nick),
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
  message:
    error._tag === "KeyChanged"
      ? withHint({ code: error._tag, message: error.message, change: error.change }, nick)
      : error.message,
  ...(error._tag === "KeyChanged" ? { change: error.change } : {}),
  ...(error._tag === "RateLimited" ? { retryAfterMs: error.retryAfterMs } : {})
})

/** The command that trusts the key which was shown, and no other. */
const withHint = (
  { change, code, message }: { readonly code: string; readonly message: string; readonly change?: KeyChange },
  nick: string | undefined
): string =>
  code === "KeyChanged" && nick !== undefined && change?.offered !== undefined
    ? `${message}, with ${JSON.stringify({ cmd: "trust", nick, key: change.offered })}`
    : message

/** The event as the answer to the command with this `ref`. */
export const answering = (event: Event, ref: Ref | undefined): Event => (ref === undefined ? event : { ...event, ref })
