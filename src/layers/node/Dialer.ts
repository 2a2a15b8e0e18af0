import type * as Net from "node:net"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Connection, type ConnectionHandler, defaultSendQueue } from "../../services/Connection.js"
import { DialError, Dialer, type DialOptions, type DialTls } from "../../services/Dialer.js"
import { HERE } from "./Addresses.js"
import * as NodeConnection from "./Connection.js"
import { fromCause, withoutTls } from "./DialErrors.js"
import { isPort } from "./Errno.js"
import { race } from "./TcpRace.js"

/** TCP over node:net. Of a host name's addresses the one that answers first is taken (`TcpRace`). */
export const layer: Layer.Layer<Dialer> = Layer.succeed(Dialer, {
  dial: (options, handler) => Effect.suspend(() => dial(options, handler))
})

const TIMEOUT_MS = 5000

/** ms of silence after which the system asks whether the server is still there. */
const KEEP_ALIVE_MS = 60_000

const dial = (
  options: DialOptions,
  handler: (connection: Connection) => ConnectionHandler
): Effect.Effect<Connection, DialError, Scope.Scope> => {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  let cancel = () => {}
  let socket: Net.Socket | undefined
  // Not `socket.closed`, which turns true before the listeners of `close` have been called.
  let closed = false
  let connection: Connection | undefined
  const connect = Effect.async<Connection, DialError>((resume) => {
    const fail = (cause: unknown) => resume(Effect.fail(cause instanceof DialError ? cause : fromCause(options, cause)))
    if (options.socket === undefined && !isPort(options.port, 1))
      return fail(new RangeError("the port is not in 1 to 65535"))
    const startedAt = performance.now()
    const secure = (dialed: Net.Socket, tls: DialTls, begin: (wire: NodeConnection.Wire) => void) => {
      const left = Math.max(0, timeoutMs - (performance.now() - startedAt))
      const deadline = setTimeout(() => {
        dialed.destroy()
        fail({ code: "ETIMEDOUT" })
      }, left)
      dialed.once("error", fail)
      dialed.once("close", () => clearTimeout(deadline))
      void import("./Tls.js").then(({ dialled }) =>
        dialled(
          dialed,
          options.host,
          tls,
          (wire) => {
            clearTimeout(deadline)
            dialed.off("error", fail)
            begin(wire)
          },
          (cause) => {
            dialed.destroy()
            fail(withoutTls(options, cause))
          }
        )
      )
    }
    const begin = (wire: NodeConnection.Wire) => {
      connection = NodeConnection.make(wire, options.sendQueue ?? defaultSendQueue, handler, () => {})
      if (connection === undefined) fail({ code: "ECONNRESET" })
      else resume(Effect.succeed(connection))
    }
    const connected = (dialed: Net.Socket) => {
      socket = dialed
      dialed.once("close", () => {
        closed = true
      })
      // A server that vanished without a word is noticed even by a program that sends no pings of its own. (Servers
      // give up whoever is silent, long before the system would ask.)
      dialed.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
      const known = options.socket === undefined ? {} : { remote: HERE, local: HERE }
      if (options.tls === undefined) begin({ socket: dialed, tcp: dialed, ...known })
      else secure(dialed, options.tls, begin)
    }
    cancel = race(options, timeoutMs, connected, fail)
  })
  /** Waits for the end, so that `onClose` has been called when the scope has closed. */
  const destroy = Effect.async<void>((resume) => {
    cancel()
    if (socket === undefined || closed) return resume(Effect.void)
    socket.once("close", () => resume(Effect.void))
    if (connection === undefined) socket.destroy()
    else connection.destroy()
  })
  return Effect.uninterruptibleMask((restore) =>
    restore(connect).pipe(
      Effect.onExit((exit) => (Exit.isFailure(exit) ? destroy : Effect.void)),
      Effect.tap(() => Effect.addFinalizer(() => destroy))
    )
  )
}
