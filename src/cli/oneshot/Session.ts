import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ClientApi, ClientServices } from "../../client/Client.js"
import type { ClientOptions } from "../../client/ClientOptions.js"
import type { ClientError } from "../../core/client/ClientError.js"
import type { ClientEvent } from "../../core/client/Events.js"
import type { PeerInfo } from "../../core/client/PeerInfo.js"
import type { Fingerprint } from "../../domain/Fingerprint.js"
import * as SafeText from "../../domain/SafeText.js"
import { Terminal } from "../../services/Terminal.js"
import { open as openClient } from "../ClientLifetime.js"
import type { Connection } from "../commands/Options.js"
import { ofClientError } from "../ExitCode.js"
import * as LinkText from "../LinkText.js"
import { ProgramError } from "../ProgramError.js"

/**
 * A client for one errand. It takes no messages: those wait for a client whose messages are read. A server that cannot
 * be reached at the start ends the follower, an outage later does not.
 */
export interface Session {
  readonly client: ClientApi
  /** Fails when the errand cannot go on, whatever is being waited for; never succeeds. */
  readonly fatal: Effect.Effect<never, ProgramError>
  readonly register: Effect.Effect<void, ProgramError>
  /** Asks for a peer, again when the server wants a pause. */
  readonly query: (nick: string) => Effect.Effect<PeerInfo, ProgramError>
}

/** `on` hears of all events until the scope closes. */
export const open = (
  settings: Connection & { readonly nick: string; readonly expect?: Fingerprint | undefined },
  on: (event: ClientEvent) => Effect.Effect<void>,
  /** What an earlier run left of transfers is not to take over an errand that is about something else. */
  resume: NonNullable<ClientOptions["resume"]> = "none"
): Effect.Effect<Session, ProgramError, ClientServices | Scope.Scope | Terminal> =>
  Effect.gen(function* () {
    const client = yield* openClient({ ...settings.client, inbox: false, resume })
    const terminal = yield* Terminal
    const failed = yield* Deferred.make<never, ProgramError>()
    let registered = false

    const fail = (code: string, message: string) =>
      Deferred.fail(failed, new ProgramError({ code, message: SafeText.line(message) }))

    const hear = (event: ClientEvent): Effect.Effect<unknown> => {
      switch (event._tag) {
        case "Registered":
          registered = true
          return Effect.void
        case "Server": {
          const text = LinkText.of(event)
          return text === undefined || !terminal.errorIsTty ? Effect.void : terminal.writeError(`* ${text}\n`)
        }
        case "ServerLost":
          return registered ? Effect.void : fail("ServerUnreachable", event.message)
        case "Closed":
          return fail(event.reason === "replaced" ? "Replaced" : "Refused", event.message)
        case "Failed":
          if (event.code === "ServerNotTrusted" || event.code === "Unauthorized")
            return terminal.writeError(`* ${SafeText.line(event.message)}\n`)
          // Peers would see a key that they do not know, and nothing could be kept.
          return event.code === "ProfileInUse"
            ? fail(event.code, `${settings.nick} is in use by another parley: take another nickname`)
            : Effect.void
        default:
          return Effect.void
      }
    }

    yield* Effect.forkScoped(client.handleEvents((event) => Effect.zipRight(hear(event), on(event))))

    const query: Session["query"] = (nick) =>
      client.query(nick, settings.expect === undefined ? {} : { expect: settings.expect }).pipe(
        Effect.map(({ peer }) => peer),
        Effect.catchAll((error) =>
          error._tag === "RateLimited" || error._tag === "Busy"
            ? Effect.delay(
                query(nick),
                Duration.millis(error._tag === "RateLimited" ? Math.max(PAUSE, error.retryAfterMs) : PAUSE)
              )
            : ofError(error, nick)
        )
      )

    return {
      client,
      fatal: Deferred.await(failed),
      register: Effect.asVoid(Effect.mapError(client.register(settings.nick), (error) => ofError(error))),
      query
    }
  })

export const ofError = (error: ClientError, nick?: string): ProgramError => {
  const { _tag, message } = error
  const hint =
    _tag === "KeyChanged" && nick !== undefined
      ? `. Then type /trust ${nick} and the first five digits of that key in parley client`
      : ""
  return new ProgramError({ code: _tag, message: SafeText.line(`${message}${hint}`), exitCode: ofClientError(_tag) })
}

/** Milliseconds before a server is asked again that wants us to wait. */
const PAUSE = 1_000
