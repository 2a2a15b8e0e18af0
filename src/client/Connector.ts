import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ServerOutput } from "../core/client/ServerLink.js"
import type { CloseReason, Connection } from "../services/Connection.js"
import { Dialer } from "../services/Dialer.js"
import type { Driver } from "./Driver.js"

/** The connection to the server, as the machine wishes for it. */
export interface Connector {
  /** One connection from dialling to its end, of which the machine is told. */
  readonly dial: Effect.Effect<void>
  readonly send: (output: ServerOutput) => void
  /** After the machine was closed: the goodbye is out, or the server did not take it in `GOODBYE` ms. */
  readonly gone: Effect.Effect<void>
}

export const make = (
  server: { readonly host: string; readonly port: number },
  { drive }: Driver
): Effect.Effect<Connector, never, Dialer> =>
  Effect.gen(function* () {
    const dialer = yield* Dialer
    let current: { readonly connection: Connection; readonly ended: Deferred.Deferred<void> } | undefined

    const connect = Effect.gen(function* () {
      const ended = yield* Deferred.make<void>()
      yield* dialer.dial(server, (connection) => {
        current = { connection, ended }
        drive((machine, now) => machine.handleConnected(connection.local, connection.remote, now))
        return {
          onData: (data) => drive((machine, now) => machine.handleServerBytes(data, now)),
          onClose: (reason) => {
            current = undefined
            drive((machine, now) => machine.handleDisconnected(END_REASONS[reason], now))
            Deferred.unsafeDone(ended, Effect.void)
          }
        }
      })
      yield* Deferred.await(ended)
    })

    return {
      dial: connect.pipe(
        Effect.scoped,
        Effect.catchAll(({ message }) =>
          Effect.sync(() => drive((machine, now) => machine.handleDisconnected(message, now)))
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
