import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ClientError, unreachable } from "../core/client/ClientError.js"
import { labelOf } from "../core/lan/Neighbourhood.js"
import * as Nickname from "../domain/Nickname.js"
import type * as Control from "../protocol/Control.js"
import type { Crypto } from "../services/Crypto.js"
import type { Datagrams } from "../services/Datagrams.js"
import type { Dialer } from "../services/Dialer.js"
import type { Entropy } from "../services/Entropy.js"
import type { Interfaces } from "../services/Interfaces.js"
import type { ClientOptions } from "./ClientOptions.js"
import * as LanLink from "./LanLink.js"
import * as ServerLink from "./ServerLink.js"

export interface RendezvousOptions extends Omit<ServerLink.ServerLinkOptions, "host" | "port"> {
  readonly server: ClientOptions["server"] | undefined
  readonly lan: ClientOptions["lan"] | undefined
  /** Which paths the user allows at the start. */
  readonly path: ClientOptions["path"] | undefined
  /** UDP port of the peer link for IPv4, if there is one. */
  readonly peerPort: number | undefined
}

/** Where people find each other: at a server, on the local network, or both. */
export const make = (
  options: RendezvousOptions
): Effect.Effect<
  ServerLink.ServerLink,
  ClientError,
  Crypto | Datagrams | Dialer | Entropy | Interfaces | Scope.Scope
> =>
  Effect.gen(function* () {
    const { lan = false, path, peerPort, server, ...events } = options
    if (server === undefined && !lan)
      return yield* new ClientError({
        code: "NoNetwork",
        message: "neither a server nor the local network is to be asked"
      })
    if (lan && path === "relay-only")
      return yield* new ClientError({
        code: "NoNetwork",
        message:
          "the local network shows this machine's address to everybody on it, which relay-only paths are to hide: choose one"
      })
    const atServer = server === undefined ? undefined : yield* ServerLink.make({ ...events, ...server })
    if (!lan) return atServer!
    if (peerPort === undefined)
      return yield* new ClientError({
        code: "NoNetwork",
        message: "the local network needs IPv4, which this machine does not have"
      })
    if (atServer === undefined) return yield* LanLink.make({ ...events, port: peerPort })
    const onLan = yield* LanLink.make({
      port: peerPort,
      onReady: () => {},
      // Who comes and goes is told once, by the server.
      onEvent: (event) => (event._tag === "Incoming" ? events.onEvent(event) : undefined),
      onLost: events.onLost
    })
    return beside(atServer, onLan)
  })

/**
 * A server first, and the local network for whom the server does not know, or while it is away. The server comes first
 * because it has promised to keep nicknames for their owners, which nobody does on a local network.
 */
const beside = (server: ServerLink.ServerLink, lan: LanLink.LanLink): ServerLink.ServerLink => {
  /** Who is on the server's list, page by page. */
  const listed = { fingerprints: new Set<string>(), keys: new Set<string>() }

  const list = (reply: typeof Control.Clients.Type, isFirst: boolean, answer: (reply: Control.Reply) => void) => {
    if (isFirst) for (const seen of Object.values(listed)) seen.clear()
    for (const { fingerprint, nick } of reply.clients) {
      listed.fingerprints.add(fingerprint)
      listed.keys.add(Nickname.key(nick))
    }
    if (reply.next !== undefined) return answer(reply)
    lan.request({ _tag: "List" }, (here) => {
      const others = here?._tag === "Clients" ? here.clients : []
      const unlisted = others
        .filter(({ fingerprint }) => !listed.fingerprints.has(fingerprint))
        .map((entry) => (listed.keys.has(Nickname.key(entry.nick)) ? { ...entry, nick: labelOf(entry) } : entry))
      answer({ ...reply, clients: [...reply.clients, ...unlisted] })
    })
  }

  const request: ServerLink.ServerLink["request"] = (body, answer) => {
    server.request(body, (reply) => {
      switch (body._tag) {
        case "Register":
          answer(reply)
          if (reply?._tag === "Registered") lan.request({ ...body, nick: reply.nick }, () => {})
          return
        case "Query":
          return reply?._tag !== "Peer" && lan.knows(body.nick) ? lan.request(body, answer) : answer(reply)
        case "List":
          if (reply === undefined) return lan.request(body, answer)
          return reply._tag === "Clients" ? list(reply, body.after === undefined, answer) : answer(reply)
        default:
          return answer(reply)
      }
    })
  }

  return {
    ...server,
    request,
    ask: (body) =>
      Effect.async((resume) =>
        request(body, (reply) =>
          resume(reply === undefined ? Effect.fail(unreachable(NO_ANSWER)) : Effect.succeed(reply))
        )
      ),
    close: (mood) => {
      lan.close(mood)
      server.close(mood)
    }
  }
}

const NO_ANSWER = "the server cannot be reached now; it is tried again by itself"
