import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import { TLSSocket } from "node:tls"
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

/** Gives what is written to and read from, at once or later; or never, and the TCP socket is destroyed. */
export type Open = (use: (stream: Duplex) => void) => void

/** A connected socket, encrypted or not. */
export interface Wire {
  /** What is written to and read from; `undefined` until `hello` has given it. */
  readonly socket: Duplex | undefined
  /** The TCP socket itself, below TLS where there is any. */
  readonly tcp: Net.Socket
  readonly tls?: Tls
  /** Where its ends are, when the socket itself does not tell. */
  readonly remote?: Endpoint
  readonly local?: Endpoint
  /** Waits until the client has said that it wants more than bare TCP, and gives what goes on with that. */
  readonly hello?: (ready: (open: Open) => void, pace: Pace) => void
  /** What lets bytes through to TLS. */
  readonly gate?: Gate
}

/** How what arrives below TLS is judged. */
export interface Pace {
  /** Calls `goOn` when it is the turn of one more ClientHello. */
  readonly turn: (goOn: () => void) => void
  /** So many records brought no data. */
  readonly idle: (records: number) => void
}

export interface Gate {
  /** Lets nothing through, or all again. */
  readonly hold: (isHeld: boolean) => void
  /** The connection has ended: a little more is let through, for the other side's last words. */
  readonly last: () => void
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
  wire: Wire,
  sendQueue: number,
  begin: (connection: Connection) => ConnectionHandler | undefined,
  gone: () => void
): Connection | undefined => {
  const remote = wire.remote ?? fromNode(wire.tcp.remoteAddress, wire.tcp.remotePort)
  if (remote === undefined) {
    wire.tcp.on("error", () => {})
    wire.tcp.destroy()
    return undefined
  }
  const connection = new NodeConnection(wire, remote, sendQueue, gone)
  connection.begin(begin, wire.hello)
  return connection
}

/** A server has ten thousand of these: what belongs to each is a few members, and no function but for its events. */
class NodeConnection implements Connection {
  readonly remote: Endpoint
  declare readonly tls?: Tls
  readonly #tcp: Net.Socket
  #socket: Duplex | undefined
  readonly #gate: Gate | undefined
  #local: Endpoint | undefined
  readonly #sendQueue: number
  readonly #gone: () => void
  #handler: ConnectionHandler | undefined
  #reason: CloseReason | undefined
  #sending = true
  #receiving = true
  #paused = false
  /** What was sent in this turn. */
  #gathered: Array<Uint8Array | string> = NOTHING
  #gatheredBytes = 0
  #deadline: NodeJS.Timeout | undefined

  constructor({ gate, local, socket, tcp, tls }: Wire, remote: Endpoint, sendQueue: number, gone: () => void) {
    this.remote = remote
    if (tls !== undefined) this.tls = tls
    this.#gate = gate
    this.#tcp = tcp
    this.#socket = socket
    this.#local = local
    this.#sendQueue = sendQueue
    this.#gone = gone
    tcp.on("error", this.#broken)
  }

  begin(begin: (connection: Connection) => ConnectionHandler | undefined, hello: Wire["hello"]): void {
    const handler = begin(this)
    this.#handler = handler
    if (this.#socket !== undefined) this.#use(this.#socket)
    else this.#awaitHello(hello)
    if (handler === undefined) this.destroy()
  }

  // A system call, for what few ask for.
  get local(): Endpoint {
    this.#local ??= fromNode(this.#tcp.localAddress, this.#tcp.localPort) ?? { ...this.remote, port: 0 }
    return this.#local
  }

  send(data: Uint8Array | string): boolean {
    const bytes = typeof data === "string" ? Buffer.byteLength(data) : data.length
    if (!this.#sending || this.#isGone || this.queued() + bytes > this.#sendQueue) return false
    if (this.#gathered.length === 0) {
      this.#gathered = []
      gather(this)
    }
    // Text of one byte a character goes out without a buffer of its own.
    this.#gathered.push(bytes === data.length ? data : Buffer.from(data))
    this.#gatheredBytes += bytes
    return true
  }

  queued(): number {
    return (this.#socket?.writableLength ?? 0) + this.#gatheredBytes
  }

  pause(): void {
    this.#paused = true
    if (!this.#receiving) return
    this.#socket?.pause()
    this.#gate?.hold(true)
  }

  resume(): void {
    this.#paused = false
    if (!this.#receiving) return
    this.#socket?.resume()
    this.#gate?.hold(false)
  }

  end(withinMs = END_MS): void {
    this.#reason ??= "local"
    if (this.#sending) this.#finish(withinMs)
  }

  destroy(): void {
    this.#reason ??= "local"
    this.#sending = this.#receiving = false
    if (this.#isGone) return
    // A reset frees the system's buffers too, which a stopped reader would hold for minutes. `resetAndDestroy` alone
    // waits for the queue to drain.
    if (this.#mayReset) this.#tcp.resetAndDestroy()
    ;(this.#socket ?? this.#tcp).destroy()
  }

  /** Everything sent in one turn leaves in one system call. */
  flush(): void {
    const socket = this.#socket
    if (socket === undefined) return
    const pieces = this.#gathered
    this.#gathered = NOTHING
    this.#gatheredBytes = 0
    if (socket.destroyed) return
    if (pieces.length > 1) socket.cork()
    for (const piece of pieces) socket.write(piece, "latin1")
    if (pieces.length > 1) socket.uncork()
  }

  get #isGone(): boolean {
    return (this.#socket ?? this.#tcp).destroyed
  }

  /**
   * Only with a queue of the socket's own, which there is none of below TLS: without one Node (20.20) ends its side of
   * it first, libuv does not reset what is being shut down, and the handle stays open for ever. What TLS then reads
   * from it goes to memory that was given back, and the process dies.
   */
  get #mayReset(): boolean {
    const tcp = this.#tcp
    return tcp.writableLength > 0 && tcp.remoteAddress !== undefined && !(tcp instanceof TLSSocket)
  }

  readonly #broken = (): void => {
    this.#reason ??= "reset"
  }

  readonly #ended = (): void => {
    this.#reason ??= "ended"
    if (!this.#sending) return
    if (this.#socket === undefined) this.destroy()
    else if (this.#handler?.onEnd === undefined) this.#finish(END_MS)
    else {
      this.#receiving = false
      this.#handler.onEnd()
    }
  }

  readonly #closed = (): void => {
    clearTimeout(this.#deadline)
    this.#sending = this.#receiving = false
    this.#handler?.onClose(this.#reason ?? "reset")
    this.#gone()
  }

  #finish(withinMs: number): void {
    this.flush()
    this.#sending = this.#receiving = false
    const socket = this.#socket
    this.#gate?.last()
    if (socket !== undefined) {
      socket.end()
      // Both sides have said everything: there is nothing to wait for. (TLS still has its own last words.)
      if (this.#reason === "ended" && this.tls === undefined && socket.writableLength === 0) return
      // Reads on and discards: closing with unread bytes in the system's buffer would send a reset, which may
      // overtake our last line on its way to the peer's program.
      socket.resume()
    }
    this.#deadline = setTimeout(() => this.destroy(), withinMs)
  }

  #use(chosen: Duplex): void {
    this.#socket = chosen
    if (chosen !== this.#tcp) chosen.on("error", this.#broken)
    chosen.on("data", (data: Uint8Array) => {
      if (this.#receiving) this.#handler?.onData(plain(data))
    })
    chosen.on("end", this.#ended)
    chosen.on("close", this.#closed)
    if (this.#paused) chosen.pause()
  }

  #awaitHello(hello: Wire["hello"]): void {
    const tcp = this.#tcp
    tcp.on("end", this.#ended)
    tcp.on("close", this.#closed)
    const turn = (goOn: () => void) => {
      if (this.#handler?.onHello === undefined) goOn()
      else this.#handler.onHello(goOn)
    }
    const idle = (records: number) => {
      if (this.#receiving) this.#handler?.onIdleRecords?.(records)
    }
    hello?.(
      (open) => {
        const begin = (chosen: Duplex) => {
          tcp.off("end", this.#ended)
          tcp.off("close", this.#closed)
          this.#use(chosen)
          this.flush()
          // Turned away before its turn came: it is told why all the same.
          if (!this.#sending) chosen.end()
        }
        const goOn = () => {
          if (!tcp.destroyed) open(begin)
        }
        turn(goOn)
      },
      { turn, idle }
    )
  }
}

/**
 * What is sent leaves behind what has arrived by then (libuv's check phase), or when so many wait: where several things
 * happen to one connection in a turn of the event loop, they cost one system call.
 */
const gather = (connection: NodeConnection): void => {
  if (waiting.push(connection) === 1) setImmediate(flushAll)
  else if (waiting.length === MAX_GATHERED) process.nextTick(flushAll)
}

const flushAll = (): void => {
  const connections = waiting
  waiting = []
  for (const connection of connections) connection.flush()
}

let waiting: Array<NodeConnection> = []

/** Connections with something to send: half a millisecond of system calls, which nobody's answer waits longer for. */
const MAX_GATHERED = 64

/** Of all those who have nothing to send; never changed. */
const NOTHING: Array<Uint8Array | string> = []
