import type { Endpoint } from "../../domain/Endpoint.js"
import type { CloseReason, Connection, ConnectionHandler } from "../../services/Connection.js"
import type { Network } from "./Network.js"

/** Two joined ends of a connection between two hosts. Each end is to `begin` before the next microtask. */
export const makePair = (
  network: Network,
  client: Endpoint,
  server: Endpoint,
  sendQueues: { readonly client: number; readonly server: number }
): { readonly client: End; readonly server: End } => {
  const ends = {
    client: new End(network, client, server, sendQueues.client),
    server: new End(network, server, client, sendQueues.server)
  }
  ends.client.join(ends.server)
  ends.server.join(ends.client)
  return ends
}

/**
 * Stands for the system's buffers on both sides: what a paused end lets its peer send before the peer's queue fills.
 */
const WINDOW_BYTES = 64 * 1024

/** The same patience as the live layer's. */
const END_MS = 2000

/**
 * One end. Bytes go from the sender's queue (`#queue`, bounded) into the receiver's inbox (`#inbox`, one window) and
 * from there to the handler. An end that has put its last byte into the other's inbox is closed; the other still reads
 * what is there.
 */
export class End implements Connection {
  readonly #network: Network
  readonly #sendQueue: number
  readonly #queue: Array<Uint8Array> = []
  readonly #inbox: Array<Uint8Array> = []
  #peer!: End
  #handler: ConnectionHandler | undefined
  #gone: () => void = () => {}
  #queued = 0
  #waiting = 0
  #sending = true
  #receiving = true
  #paused = false
  /** The peer has sent all it ever will. */
  #ended = false
  #delivering = false
  #closed = false
  #reason: CloseReason | undefined
  #cancelDeadline: () => void = () => {}

  constructor(
    network: Network,
    readonly local: Endpoint,
    readonly remote: Endpoint,
    sendQueue: number
  ) {
    this.#network = network
    this.#sendQueue = sendQueue
  }

  join(peer: End): void {
    this.#peer = peer
  }

  /**
   * Gives this end to its program, as the live layer does: without a handler it is closed; `gone` follows `onClose`.
   */
  begin(handler: ConnectionHandler | undefined, gone: () => void): void {
    this.#handler = handler
    this.#gone = gone
    if (handler === undefined) this.destroy()
  }

  // Properties, not methods: programs may take them apart from the connection.
  readonly send = (data: Uint8Array): boolean => {
    if (!this.#sending || this.#queued + data.length > this.#sendQueue) return false
    // A copy: the receiver owns what it gets.
    this.#queue.push(new Uint8Array(data))
    this.#queued += data.length
    this.#push()
    return true
  }

  readonly queued = (): number => this.#queued

  readonly pause = (): void => {
    if (this.#receiving) this.#paused = true
  }

  readonly resume = (): void => {
    this.#paused = false
    this.#deliverSoon()
  }

  readonly end = (): void => {
    this.#reason ??= "local"
    if (this.#sending) this.#finish()
  }

  readonly destroy = (): void => {
    this.#reason ??= "local"
    if (this.#closed) return
    const lossless = this.#queue.length === 0 && this.#inbox.length === 0
    this.#close()
    if (lossless) this.#peer.#end()
    else this.#network.post(() => this.#peer.#reset())
  }

  #finish(): void {
    this.#sending = this.#receiving = false
    this.resume()
    this.#push()
    if (!this.#closed) this.#cancelDeadline = this.#network.after(END_MS, this.destroy)
  }

  /** Moves what fits from the queue into the peer's inbox, and the end of everything after it. */
  #push(): void {
    const peer = this.#peer
    while (this.#queue.length > 0 && (peer.#closed || peer.#waiting < WINDOW_BYTES)) {
      const data = this.#queue.shift()!
      this.#queued -= data.length
      if (!peer.#closed) peer.#take(data)
      // Its program has left and we know: what is sent after that meets a reset.
      else if (this.#reason === "ended" && this.#sending) this.#network.post(() => this.#reset())
    }
    if (this.#sending || this.#closed || this.#queue.length > 0) return
    this.#close()
    peer.#end()
  }

  #take(data: Uint8Array): void {
    this.#inbox.push(data)
    this.#waiting += data.length
    this.#deliverSoon()
  }

  #end(): void {
    this.#ended = true
    this.#deliverSoon()
  }

  #deliverSoon(): void {
    if (this.#delivering || this.#closed) return
    this.#delivering = true
    this.#network.post(() => {
      this.#delivering = false
      this.#deliver()
    })
  }

  #deliver(): void {
    while (!this.#paused && !this.#closed && this.#inbox.length > 0) {
      const data = this.#inbox.shift()!
      this.#waiting -= data.length
      if (this.#receiving && data.length > 0) this.#handler?.onData(data)
    }
    if (this.#paused || this.#closed) return
    this.#peer.#push()
    if (!this.#ended || this.#inbox.length > 0 || this.#reason !== undefined) return
    this.#reason = "ended"
    this.#receiving = false
    if (this.#handler?.onEnd === undefined) this.#finish()
    else this.#handler.onEnd()
  }

  #reset(): void {
    this.#reason ??= "reset"
    this.#close()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#sending = this.#receiving = false
    this.#queue.length = this.#inbox.length = 0
    this.#queued = this.#waiting = 0
    this.#cancelDeadline()
    this.#network.post(() => {
      this.#handler?.onClose(this.#reason ?? "reset")
      this.#gone()
    })
  }
}
