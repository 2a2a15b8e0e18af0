import type { HistoryPage } from "../../client/history/Api.js"
import type { ClientError } from "../../core/client/ClientError.js"
import type { ClientEvent } from "../../core/client/Events.js"
import type { Why } from "../../core/client/Why.js"
import type { Ref } from "./Command.js"
import type { Event } from "./Event.js"

/** A client's event in JSON mode; none for `Closed`, which ends the program. */
export const fromEvent = (event: Exclude<ClientEvent, { readonly _tag: "Closed" }>): Event => {
  switch (event._tag) {
    case "Registered":
      return { event: "registered", nick: event.nick, address: event.address, fingerprint: event.fingerprint }
    case "NickTaken":
      return { event: "nickTaken", nick: event.nick, suggestions: event.suggestions }
    case "Greeting":
      return { event: "greeting", text: event.text }
    case "ServerLost":
      return { event: "serverLost", message: event.message, retryInMs: event.retryInMs }
    case "Incoming":
      return { event: "incoming", peer: event.peer, fingerprint: event.fingerprint, known: event.known }
    case "Connected":
      return { event: "connected", peer: event.peer, path: event.path }
    case "PathChanged":
      return { event: "path", peer: event.peer, path: event.path }
    case "Mutual":
      return { event: "mutual", peer: event.peer }
    case "Message":
      return { event: "message", from: event.from, id: event.id, text: event.text }
    case "Delivered":
      return { event: "delivered", peer: event.peer, id: event.id }
    case "Transfer":
      return { event: "transfer", ...event.transfer }
    case "Read":
      return { event: "read", peer: event.peer, id: event.id }
    case "Waiting":
      return { event: "waiting", peer: event.peer, id: event.id }
    case "Kept":
      return { event: "kept", peer: event.peer, undelivered: event.undelivered }
    case "Journal":
      return { event: "journal", safe: event.safe, message: event.message }
    case "Disconnected":
      return { event: "disconnected", peer: event.peer, reason: event.reason, undelivered: event.undelivered }
    case "Joined":
      return { event: "joined", nick: event.nick }
    case "Left":
      return { event: "left", nick: event.nick }
    case "Failed":
      return {
        event: "error",
        code: event.code,
        message: withHint(event, event.peer),
        ...(event.peer === undefined ? {} : { peer: event.peer })
      }
  }
}

/** How a peer is reached. */
export const fromWhy = ({ advice, candidates, changes, path, ...why }: Why): Event => ({
  event: "why",
  ...why,
  ...(path === undefined ? {} : { path }),
  candidates: candidates.map(({ provenMsAgo, ...candidate }) => ({
    ...candidate,
    ...(provenMsAgo === undefined ? {} : { provenMsAgo })
  })),
  changes: changes.map(({ path, ...change }) => ({ ...change, ...(path === undefined ? {} : { path }) })),
  ...(advice === undefined ? {} : { advice })
})

/** What was looked for in the history. */
export const fromHistory = ({ messages, more }: HistoryPage): Event => ({
  event: "history",
  messages: messages.map(({ state, ...message }) => ({ ...message, ...(state === undefined ? {} : { state }) })),
  more
})

/** Why a command failed that was about `nick`, if it was about somebody. */
export const fromError = (error: ClientError, nick?: string): Event => ({
  event: "error",
  code: error.code,
  message: withHint(error, nick),
  ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs })
})

const withHint = (error: { readonly code: string; readonly message: string }, nick: string | undefined): string =>
  error.code === "KeyChanged" && nick !== undefined
    ? `${error.message}, with ${JSON.stringify({ cmd: "trust", nick })}`
    : error.message

/** The event as the answer to the command with this `ref`. */
export const answering = (event: Event, ref: Ref | undefined): Event => (ref === undefined ? event : { ...event, ref })
