import type * as Net from "node:net"
import type { Endpoint } from "../../domain/Endpoint.js"
import type { CloseReason, Connection, ConnectionHandler, Tls } from "../../services/Connection.js"
import { fromNode, plain } from "./Addresses.js"

/** Socket options that every connection gets, accepted or dialed. */
export const socketOptions = {
  /** Lines are small and already batched for each turn of the event loop; Nagle's delay would only add 40 ms. */
  noDelay: true,
  /** The peer's end must not cut off the replies that it waits for; the connection ends its own side below. */
  allowHalfOpen: true
} as const

/** How long `end` waits for the peer to take the rest and to close its side. */
const END_MS = 2000

/** A connected socket, encrypted or not. */
export interface Wire {
  /** What is written to and read from; `undefined` until `hello` has given it. */
  readonly socket: Net.Socket | undefined
  /** The TCP socket itself, below TLS where there is any. */
  readonly tcp: Net.Socket
  readonly tls?: Tls
  /** Where its ends are, when the socket itself does not tell. */
  readonly remote?: Endpoint
  readonly local?: Endpoint
  /** Waits until the client has said that it wants to encrypt, and gives what goes on with that. */
  readonly hello?: (ready: (encrypt: () => Net.Socket) => void) => void
}

/**
 * Wraps a connected socket. `begin` is asked for the handler at once, before a byte can arrive; without a handler the
 * socket is closed. `gone` is called after `onClose`, or after the close of a socket without handler. `undefined` when
 * the peer had left before we could look: then nothing is called.
 *
 * The first cause decides the close reason: what an already ended connection meets later (a reset while the rest is
 * flushed) is no news.
 */
export const make = (
  { hello, local: here, remote: there, socket: given, tcp, tls }: Wire,
  sendQueue: number,
  begin: (connection: Connection) => ConnectionHandler | undefined,
  gone: () => void
): Connection | undefined => {
  const remote = there ?? fromNode(tcp.remoteAddress, tcp.remotePort)
  let socket = given
  let reason: CloseReason | undefined
  const broken = () => {
    reason ??= "reset"
  }
  tcp.on("error", broken)
  if (remote === undefined) {
    tcp.destroy()
    return undefined
  }
  let sending = true
  let receiving = true
  let paused = false
  let local = here
  /** What was sent in this turn. */
  let gathered: Array<Uint8Array | string> = []
  let gatheredBytes = 0
  let deadline: NodeJS.Timeout | undefined

  const isGone = () => (socket ?? tcp).destroyed

  const queued = () => (socket?.writableLength ?? 0) + gatheredBytes

  /** Everything sent in one turn leaves in one system call. */
  const flush = () => {
    if (socket === undefined) return
    const pieces = gathered
    gathered = []
    gatheredBytes = 0
    if (socket.destroyed) return
    if (pieces.length > 1) socket.cork()
    for (const piece of pieces) socket.write(piece, "latin1")
    if (pieces.length > 1) socket.uncork()
  }

  const finish = (withinMs: number) => {
    flush()
    sending = receiving = false
    if (socket === undefined) {
      deadline = setTimeout(connection.destroy, withinMs)
      return
    }
    socket.end()
    // Both sides have said everything: there is nothing to wait for. (TLS still has its own last words.)
    if (reason === "ended" && tls === undefined && socket.writableLength === 0) return
    // Reads on and discards: closing with unread bytes in the system's buffer would send a reset, which may
    // overtake our last line on its way to the peer's program.
    socket.resume()
    deadline = setTimeout(connection.destroy, withinMs)
  }

  const connection: Connection = {
    // A system call, for what few ask for.
    get local() {
      local ??= fromNode(tcp.localAddress, tcp.localPort) ?? { ...remote, port: 0 }
      return local
    },
    remote,
    send: (data) => {
      const bytes = typeof data === "string" ? Buffer.byteLength(data) : data.length
      if (!sending || isGone() || queued() + bytes > sendQueue) return false
      if (gathered.length === 0) process.nextTick(flush)
      // Text of one byte a character goes out without a buffer of its own.
      gathered.push(bytes === data.length ? data : Buffer.from(data))
      gatheredBytes += bytes
      return true
    },
    queued,
    pause: () => {
      paused = true
      if (receiving) socket?.pause()
    },
    resume: () => {
      paused = false
      if (receiving) socket?.resume()
    },
    end: (withinMs = END_MS) => {
      reason ??= "local"
      if (sending) finish(withinMs)
    },
    destroy: () => {
      reason ??= "local"
      sending = receiving = false
      if (isGone()) return
      // A reset frees the system's buffers too, which a stopped reader would hold for minutes. `resetAndDestroy` alone
      // waits for the queue to drain.
      if (queued() > 0 && tcp.remoteAddress !== undefined) tcp.resetAndDestroy()
      ;(socket ?? tcp).destroy()
    }
  }

  const handler = begin(tls === undefined ? connection : Object.assign(connection, { tls }))
  const ended = () => {
    reason ??= "ended"
    if (!sending) return
    receiving = false
    if (socket === undefined) connection.destroy()
    else if (handler?.onEnd === undefined) finish(END_MS)
    else handler.onEnd()
  }
  const closed = () => {
    clearTimeout(deadline)
    sending = receiving = false
    handler?.onClose(reason ?? "reset")
    gone()
  }
  const use = (chosen: Net.Socket) => {
    socket = chosen
    if (chosen !== tcp) chosen.on("error", broken)
    chosen.on("data", (data: Uint8Array) => {
      if (receiving) handler?.onData(plain(data))
    })
    chosen.on("end", ended)
    chosen.on("close", closed)
    if (paused) chosen.pause()
  }
  if (socket !== undefined) use(socket)
  else {
    tcp.on("end", ended)
    tcp.on("close", closed)
    hello?.((encrypt) => {
      const goOn = () => {
        if (tcp.destroyed) return
        tcp.off("end", ended)
        tcp.off("close", closed)
        use(encrypt())
        flush()
        // Turned away before its turn came: it is told why all the same.
        if (!sending) socket?.end()
      }
      if (handler?.onHello === undefined) goOn()
      else handler.onHello(goOn)
    })
  }
  if (handler === undefined) connection.destroy()
  return connection
}
