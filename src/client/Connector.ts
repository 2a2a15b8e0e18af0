import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { SeenTls } from "../core/client/ClientMachineOptions.js"
import type { Dialled } from "../core/client/Output.js"
import type { ServerOutput } from "../core/client/ServerLink.js"
import type { LinkPolicy } from "../core/client/ServerTrust.js"
import { ServerWays, viaOf, type Way, waysOf } from "../core/client/ServerWays.js"
import { ControlLink } from "../core/control/ControlLink.js"
import type { CloseReason, Connection } from "../services/Connection.js"
import { Dialer, type DialTls } from "../services/Dialer.js"
import type { ServerAt, ServerTls } from "./ClientOptions.js"
import type { Driver } from "./Driver.js"
import * as Ways from "./Ways.js"

/** The connection to a server, as the machine wishes for it. */
export interface Connector {
  /** One connection from dialling to its end, of which the machine is told. */
  readonly dial: (servers: ReadonlyArray<Dialled>) => Effect.Effect<void>
  /** Tells the machine which of these servers greets first in their order, if any does. */
  readonly look: (servers: ReadonlyArray<Dialled>) => Effect.Effect<void>
  readonly send: (output: ServerOutput) => void
  /** The server that was connected last, as it is dialled. */
  readonly host: () => string
  /** After the machine was closed: the goodbye is out, or the server did not take it in `GOODBYE` ms. */
  readonly gone: Effect.Effect<void>
}

/** `servers`: at least one, by their numbers. */
export const make = (servers: ReadonlyArray<ServerAt>, { drive }: Driver): Effect.Effect<Connector, never, Dialer> =>
  Effect.gen(function* () {
    const dialer = yield* Dialer
    let current: { readonly connection: Connection; readonly ended: Deferred.Deferred<void> } | undefined
    let host = servers[0]!.host

    const serverOf = ({ server = 0 }: Way) => servers[server]!
    const options: Ways.WaysOptions = { placeOf: (way) => placeOf(serverOf(way)) }
    const order = new ServerWays()
    const waysTo = ({ encrypted, server }: Dialled) =>
      waysOf(servers[server]!, encrypted, policyOf(servers[server]!.tls).tls).map((way) => ({ ...way, server }))
    const connect = (dialled: ReadonlyArray<Dialled>) =>
      Effect.gen(function* () {
        const ended = yield* Deferred.make<void>()
        const ways = order.order(inTurns(dialled.map(waysTo)))
        yield* Ways.dial(dialer, ways, options, (connection, way) => {
          current = { connection, ended }
          let heard = false
          const server = serverOf(way)
          host = server.host
          const seen = { server: way.server ?? 0, tls: seenOf(connection), via: viaOf(way, server, server.proxy) }
          drive((machine, now) => machine.handleConnected(connection.local, connection.remote, now, seen))
          return {
            onData: (data) => {
              heard = true
              drive((machine, now) => machine.handleServerBytes(data, now))
            },
            onClose: (reason) => {
              current = undefined
              order.ended(way, heard)
              drive((machine, now) => machine.handleDisconnected(END_REASONS[reason], now))
              Deferred.unsafeDone(ended, Effect.void)
            }
          }
        })
        yield* Deferred.await(ended)
      })

    return {
      dial: (dialled) =>
        connect(dialled).pipe(
          Effect.scoped,
          Effect.catchAll(({ error: { message, reason }, way }) =>
            Effect.sync(() =>
              drive((machine, now) =>
                reason === "NoTls"
                  ? machine.handleNoTls(message, now, way.server)
                  : machine.handleDisconnected(message, now)
              )
            )
          )
        ),
      look: (dialled) =>
        Effect.gen(function* () {
          for (const one of dialled) {
            if (!(yield* greets(dialer, waysTo(one), options))) continue
            drive((machine, now) => machine.handleFound(one.server, now))
            return
          }
        }),
      send: (output) => {
        const connection = current?.connection
        if (output === "end") connection?.end()
        else if (output === "destroy" || connection?.send(output) === false) connection?.destroy()
      },
      host: () => host,
      gone: inTime(Effect.suspend(() => (current === undefined ? Effect.void : Deferred.await(current.ended))))
    }
  })

/** What is over at the latest when a goodbye has to be. */
const inTime = (effect: Effect.Effect<void>) =>
  effect.pipe(Effect.interruptible, Effect.timeoutOption(Duration.millis(GOODBYE)), Effect.asVoid)

/** Whether a server is there that would let somebody in. Nothing is asked of it. */
const greets = (
  dialer: typeof Dialer.Service,
  ways: ReadonlyArray<Way>,
  options: Ways.WaysOptions
): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const answered = yield* Deferred.make<boolean>()
    const answer = (is: boolean) => Deferred.unsafeDone(answered, Effect.succeed(is))
    const link = new ControlLink(0)
    yield* Ways.dial(dialer, ways, options, () => ({
      onData: (data) => {
        link.handleBytes(data, 0)
        const event = link.pollEvent()
        if (event !== undefined) answer(event._tag === "Ready")
      },
      onClose: () => answer(false)
    }))
    return yield* Deferred.await(answered).pipe(
      Effect.timeoutTo({ duration: Duration.millis(GREETING), onSuccess: (is) => is, onTimeout: () => false })
    )
  }).pipe(
    Effect.scoped,
    Effect.orElseSucceed(() => false)
  )

/**
 * The first two ways to each server before the first two to the next one, and all else after them: a network that lets
 * only the web pass is no reason to go elsewhere, and a server that is gone is not worth many tries.
 */
const inTurns = (all: ReadonlyArray<ReadonlyArray<Way>>): ReadonlyArray<Way> => [
  ...all.flatMap((ways) => ways.slice(0, 2)),
  ...all.flatMap((ways) => ways.slice(2))
]

const placeOf = ({ host, proxy, tls }: ServerAt): Ways.Place => ({ host, tls: dialTlsOf(tls), proxy })

/** What the user's options say of the link. */
export const policyOf = (tls: boolean | ServerTls | undefined): LinkPolicy => {
  if (tls === undefined) return { tls: "auto" }
  if (typeof tls === "boolean") return { tls: tls ? "always" : "never" }
  const { authorities, key } = tls
  return {
    tls: "always",
    ...(key === undefined ? {} : { key }),
    ...(authorities === undefined ? {} : { authority: true })
  }
}

/** How an encrypted connection is dialled. */
export const dialTlsOf = (tls: boolean | ServerTls | undefined): DialTls =>
  typeof tls === "object" && tls.authorities !== undefined ? { authorities: tls.authorities } : {}

const seenOf = ({ tls }: Connection): SeenTls | undefined =>
  tls?.certificate === undefined ? undefined : { certificate: tls.certificate, exporter: tls.exporter() }

/**
 * Milliseconds: one round trip to the far side of the world, and some. Without a goodbye the nickname is held for its
 * grace time.
 */
const GOODBYE = 500

/** Milliseconds for a greeting, which is sent at once. */
const GREETING = 3_000

const END_REASONS: { readonly [reason in CloseReason]: string } = {
  ended: "the server closed the connection",
  reset: "the connection to the server broke",
  local: "the connection to the server was closed"
}
