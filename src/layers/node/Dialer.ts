import * as Net from "node:net"
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

/** TCP over node:net. A host name with several addresses is tried one by one, families alternating (RFC 8305). */
export const layer: Layer.Layer<Dialer> = Layer.succeed(Dialer, {
  dial: (options, handler) => Effect.suspend(() => dial(options, handler))
})

const TIMEOUT_MS = 5000

/**
 * How long one address may take before the next one is tried. RFC 8305 says 250 ms, but Node gives the slow attempt up
 * instead of letting both race: a link with a long round trip needs more.
 */
const ATTEMPT_MS = 500

/** ms of silence after which the system asks whether the server is still there. */
const KEEP_ALIVE_MS = 60_000

const placeOf = ({ host, port, socket }: DialOptions): Net.NetConnectOpts =>
  socket === undefined
    ? { host, port, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ATTEMPT_MS }
    : { path: socket }

const dial = (
  options: DialOptions,
  handler: (connection: Connection) => ConnectionHandler
): Effect.Effect<Connection, DialError, Scope.Scope> => {
  let socket: Net.Socket | undefined
  // Not `socket.closed`, which turns true before the listeners of `close` have been called.
  let closed = false
  let connection: Connection | undefined
  const connect = Effect.async<Connection, DialError>((resume) => {
    const fail = (cause: unknown) => resume(Effect.fail(cause instanceof DialError ? cause : fromCause(options, cause)))
    if (options.socket === undefined && !isPort(options.port, 1))
      return fail(new RangeError("the port is not in 1 to 65535"))
    socket = new Net.Socket(NodeConnection.socketOptions)
    const dialed = socket
    // A server that vanished without a word is noticed even by a program that sends no pings of its own. (Servers give
    // up whoever is silent, long before the system would ask.)
    dialed.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
    const deadline = setTimeout(() => {
      dialed.destroy()
      fail({ code: "ETIMEDOUT" })
    }, options.timeoutMs ?? TIMEOUT_MS)
    dialed.once("error", fail)
    dialed.once("close", () => {
      closed = true
      clearTimeout(deadline)
    })
    const begin = (wire: NodeConnection.Wire) => {
      clearTimeout(deadline)
      dialed.off("error", fail)
      connection = NodeConnection.make(wire, options.sendQueue ?? defaultSendQueue, handler, () => {})
      if (connection === undefined) fail({ code: "ECONNRESET" })
      else resume(Effect.succeed(connection))
    }
    const encrypt = async (tls: DialTls) => {
      const { dialled } = await import("./Tls.js")
      dialled(dialed, options.host, tls, begin, (cause) => {
        dialed.destroy()
        fail(withoutTls(options, cause))
      })
    }
    dialed.connect(placeOf(options), () => {
      const known = options.socket === undefined ? {} : { remote: HERE, local: HERE }
      if (options.tls === undefined) begin({ socket: dialed, tcp: dialed, ...known })
      else void encrypt(options.tls)
    })
  })
  /** Waits for the end, so that `onClose` has been called when the scope has closed. */
  const destroy = Effect.async<void>((resume) => {
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
