import type { IncomingMessage } from "node:http"
import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import type { Endpoint } from "../../domain/Endpoint.js"
import { forwardedFor } from "../../protocol/WebLink.js"
import type { Wire } from "./Connection.js"

/** Sockets on which a request for a WebSocket is awaited; what speaks HTTP is loaded with the first of them. */

/** Goes on with the WebSocket that is asked for on this socket, or destroys it. `admit` may turn the request away. */
export const openWeb = (
  socket: Duplex,
  use: (stream: Duplex) => void,
  admit: (request: IncomingMessage) => boolean = () => true
): void => {
  void import("./WebSockets.js").then(({ accepted }) => {
    if (!socket.destroyed) accepted(socket, { admit, done: use })
  })
}

/** A connection without TLS that is to ask for a WebSocket. */
export const wire = (tcp: Net.Socket): Wire => ({
  tcp,
  socket: undefined,
  hello: (ready) => ready((use) => openWeb(tcp, use))
})

/**
 * A connection of a proxy, which says in HTTP whose it is. `undefined`: nobody has asked for a WebSocket in time
 * (`isForeign` is false), or it was not said whose it is.
 */
export const forwarded = (
  tcp: Net.Socket,
  isProxy: (remote: Endpoint) => boolean,
  done: (wire: (Wire & { readonly remote: Endpoint }) | undefined, isForeign: boolean) => void
): void => {
  let remote: Endpoint | undefined
  const deadline = setTimeout(() => tcp.destroy(), WITHIN_MS)
  const gone = () => {
    clearTimeout(deadline)
    done(undefined, false)
  }
  tcp.on("error", () => {})
  tcp.once("close", gone)
  const admit = ({ headers }: IncomingMessage) => {
    remote = forwardedFor(String(headers["x-forwarded-for"] ?? ""), isProxy)
    if (remote === undefined) done(undefined, true)
    return remote !== undefined
  }
  const use = (socket: Duplex) => {
    clearTimeout(deadline)
    tcp.off("close", gone)
    done({ tcp, socket, remote: remote! }, false)
  }
  openWeb(tcp, use, admit)
}

/** ms: a proxy sends the whole request at once. */
const WITHIN_MS = 5_000
