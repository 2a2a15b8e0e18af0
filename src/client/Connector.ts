import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { SeenTls } from "../core/client/ClientMachineOptions.js"
import type { ServerOutput } from "../core/client/ServerLink.js"
import type { LinkPolicy } from "../core/client/ServerTrust.js"
import { ServerWays, viaOf, waysOf } from "../core/client/ServerWays.js"
import type { CloseReason, Connection } from "../services/Connection.js"
import { Dialer, type DialTls } from "../services/Dialer.js"
import type { ClientOptions, ServerTls } from "./ClientOptions.js"
import type { Driver } from "./Driver.js"
import * as Ways from "./Ways.js"

/** The connection to the server, as the machine wishes for it. */
export interface Connector {
  /** One connection from dialling to its end, of which the machine is told. */
  readonly dial: (encrypted: boolean) => Effect.Effect<void>
  readonly send: (output: ServerOutput) => void
  /** After the machine was closed: the goodbye is out, or the server did not take it in `GOODBYE` ms. */
  readonly gone: Effect.Effect<void>
}

export const make = (
  server: NonNullable<ClientOptions["server"]>,
  { drive }: Driver
): Effect.Effect<Connector, never, Dialer> =>
  Effect.gen(function* () {
    const dialer = yield* Dialer
    let current: { readonly connection: Connection; readonly ended: Deferred.Deferred<void> } | undefined

    const options = { host: server.host, tls: dialTlsOf(server.tls), proxy: server.proxy }
    const order = new ServerWays()
    const connect = (encrypted: boolean) =>
      Effect.gen(function* () {
        const ended = yield* Deferred.make<void>()
        const ways = order.order(waysOf(server, encrypted, policyOf(server.tls).tls))
        yield* Ways.dial(dialer, ways, options, (connection, way) => {
          current = { connection, ended }
          let heard = false
          const seen = seenOf(connection)
          const via = viaOf(way, server, server.proxy)
          drive((machine, now) => machine.handleConnected(connection.local, connection.remote, now, seen, via))
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
      dial: (encrypted) =>
        connect(encrypted).pipe(
          Effect.scoped,
          Effect.catchAll(({ message, reason }) =>
            Effect.sync(() =>
              drive((machine, now) =>
                reason === "NoTls" ? machine.handleNoTls(message, now) : machine.handleDisconnected(message, now)
              )
            )
          )
        ),
      send: (output) => {
        const connection = current?.connection
        if (output === "end") connection?.end()
        else if (output === "destroy" || connection?.send(output) === false) connection?.destroy()
      },
      gone: Effect.suspend(() => (current === undefined ? Effect.void : Deferred.await(current.ended))).pipe(
        Effect.interruptible,
        Effect.timeoutOption(Duration.millis(GOODBYE)),
        Effect.asVoid
      )
    }
  })

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

const END_REASONS: { readonly [reason in CloseReason]: string } = {
  ended: "the server closed the connection",
  reset: "the connection to the server broke",
  local: "the connection to the server was closed"
}
