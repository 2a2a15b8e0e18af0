import type * as Net from "node:net"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Connection, type ConnectionHandler, defaultSendQueue } from "../../services/Connection.js"
import { DialError, Dialer, type DialOptions } from "../../services/Dialer.js"
import { HERE } from "./Addresses.js"
import * as NodeConnection from "./Connection.js"
import { fromCause } from "./DialErrors.js"
import * as DialSteps from "./DialSteps.js"
import { isPort } from "./Errno.js"
import * as ProxyErrors from "./ProxyErrors.js"
import { race } from "./TcpRace.js"

/** TCP over node:net. Of a host name's addresses the one that answers first is taken (`TcpRace`). */
export const layer: Layer.Layer<Dialer> = Layer.succeed(Dialer, {
  dial: (options, handler) => Effect.suspend(() => dial(options, handler))
})

const TIMEOUT_MS = 5000

/** ms of silence after which the system asks whether the server is still there. */
const KEEP_ALIVE_MS = 60_000

const errorOf = (options: DialOptions, cause: unknown): DialError => {
  if (cause instanceof DialError) return cause
  return options.proxy === undefined ? fromCause(options, cause) : ProxyErrors.unreached(options.proxy, cause)
}

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
    const fail = (cause: unknown) => resume(Effect.fail(errorOf(options, cause)))
    if (options.socket === undefined && !isPort(options.port, 1))
      return fail(new RangeError("the port is not in 1 to 65535"))
    const startedAt = performance.now()
    /** What follows once there is a connection, in the time that is left. */
    const goOn = (dialed: Net.Socket, begin: (wire: NodeConnection.Wire) => void) => {
      const left = Math.max(0, timeoutMs - (performance.now() - startedAt))
      const lost = (cause: unknown) => {
        dialed.destroy()
        fail(cause)
      }
      const deadline = setTimeout(() => lost({ code: "ETIMEDOUT" }), left)
      dialed.once("error", fail)
      dialed.once("close", () => clearTimeout(deadline))
      const done = (wire: NodeConnection.Wire) => {
        clearTimeout(deadline)
        dialed.off("error", fail)
        begin(wire)
      }
      DialSteps.take(dialed, options, left, done, lost)
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
      if (DialSteps.areNone(options)) begin({ socket: dialed, tcp: dialed, ...known })
      else goOn(dialed, (wire) => begin({ ...wire, ...known }))
    }
    const { host, port } = options.proxy ?? options
    cancel = race({ host, port, socket: options.socket }, timeoutMs, connected, fail)
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
