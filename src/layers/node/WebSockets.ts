import { createServer, type IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { TLSSocket } from "node:tls"
import { createWebSocketStream, WebSocket, WebSocketServer } from "ws"
import * as ServerName from "../../domain/ServerName.js"
import { BOUND, offered, PATH, PLAIN } from "../../protocol/WebLink.js"

/**
 * A link in a WebSocket (RFC 6455; docs/protocol.md §1.8), for networks that let nothing but HTTP pass: the bytes of
 * the link are those of binary messages, whose borders mean nothing. Loaded when it is asked for.
 */

/** What a request for a link has come to: the link, or that there is none and the socket is gone. */
export interface Asker {
  /** May turn the request away, as its headers are. */
  readonly admit: (request: IncomingMessage) => boolean
  readonly done: (stream: Duplex) => void
}

/** Waits on a connected socket, encrypted or not, for the request for a link. A socket without one is destroyed. */
export const accepted = (socket: Duplex, asker: Asker): void => {
  askers.set(socket, asker)
  http.emit("connection", socket)
}

/** Asks for a link on a connected socket. `fail` is told in half a sentence why there is none. */
export const dialled = (
  socket: Duplex,
  host: string,
  timeoutMs: number,
  done: (stream: Duplex, isBound: boolean) => void,
  fail: (why: string) => void
): void => {
  const link = new WebSocket(`ws://${ServerName.plainHost(ServerName.withoutZone(host))}${PATH}`, [BOUND, PLAIN], {
    ...LIMITS,
    handshakeTimeout: timeoutMs,
    createConnection: () => socket
  })
  link.once("unexpected-response", (_request: unknown, response: IncomingMessage) => {
    socket.destroy()
    fail(`answered ${response.statusCode} to the request for a WebSocket`)
  })
  const broken = (cause: Error) => fail(`gave no WebSocket (${cause.message})`)
  link.once("error", broken)
  link.once("open", () => {
    link.off("error", broken)
    done(streamOf(link), link.protocol === BOUND)
  })
}

/**
 * All that was written in one turn is one message. What comes after the other side's goodbye is dropped, as there is no
 * half of a WebSocket that stays open.
 */
const streamOf = (link: WebSocket): Duplex => {
  const say = (bytes: Uint8Array, done: (error?: Error | null) => void) => {
    if (link.readyState !== WebSocket.OPEN) return done()
    link.send(bytes, (error) => done(link.readyState === WebSocket.OPEN ? error : undefined))
  }
  const stream: Duplex = createWebSocketStream(link, {
    writev: (pieces, done) => say(Buffer.concat(pieces.map(({ chunk }) => chunk as Uint8Array)), done)
  })
  stream._write = (chunk: Uint8Array, _, done) => say(chunk, done)
  return stream
}

/** Bytes of a message that is taken; ours are far smaller, and lines have bounds of their own. */
const MAX_MESSAGE = 65_536
const LIMITS = { maxPayload: MAX_MESSAGE, perMessageDeflate: false } as const

/** Bytes of the headers of a request: those of proxies among them. */
const MAX_HEADERS = 8_192

const askers = new WeakMap<Duplex, Asker>()

/**
 * Frames that make no bytes cost as much as those that do, and are no requests that could be counted: so many may come
 * beyond one for each message.
 */
const MAX_IDLE_FRAMES = 64

/** Messages that wait here while nobody reads: more are in one read of the socket when they are of some bytes each. */
const MAX_UNREAD = 1_024

/** Ends a link that makes work without saying anything, or has us hold what is no more than borders of messages. */
const guard = (link: WebSocket, stream: Duplex): Duplex => {
  let allowed = MAX_IDLE_FRAMES
  let unread = 0
  const idle = () => {
    allowed--
    if (allowed < 0) stream.destroy()
  }
  link.on("ping", idle)
  link.on("pong", idle)
  link.on("message", ({ length }: Buffer) => {
    if (length === 0) return idle()
    allowed = Math.min(MAX_IDLE_FRAMES, allowed + 1)
    unread = stream.readableLength > length ? unread + 1 : 0
    if (unread > MAX_UNREAD) stream.destroy()
  })
  return stream
}

const sockets = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  ...LIMITS,
  // One message in a turn of the event loop, however many there are in what was read; and what comes in pieces, in few.
  allowSynchronousEvents: false,
  maxFragments: 16,
  maxBufferedChunks: 256,
  handleProtocols: (_, { socket }) => (socket instanceof TLSSocket ? BOUND : PLAIN)
})

/** Never listens: it is given the sockets that others have accepted. Who may wait how long is theirs to say, too. */
const http = createServer({ maxHeaderSize: MAX_HEADERS }, (_request, response) => {
  response.writeHead(426, { connection: "close", upgrade: "websocket", "content-type": "text/plain" })
  response.end("This is a parley server, and no page to look at.\n")
})
http.on("clientError", (_, socket) => socket.destroy())
http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
  const asker = askers.get(socket)
  // Pages of the web have an origin, and no business here: their reader's network would be open to them.
  if (request.headers.origin !== undefined || !offered(request.headers["sec-websocket-protocol"])) refuse(socket, 403)
  else if (asker?.admit(request) === true)
    sockets.handleUpgrade(request, socket, head, (link) => asker.done(guard(link, streamOf(link))))
  else refuse(socket, 400)
})

const refuse = (socket: Duplex, status: 400 | 403): void => {
  const reason = status === 400 ? "Bad Request" : "Forbidden"
  socket.once("finish", () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
