import * as Bytes from "../../protocol/Bytes.js"
import type { CloseReason, Connection, ConnectionHandler } from "../../services/Connection.js"
import type { Process, ProcessTimer } from "../kernel/Process.js"
import { addressOf, type Point, portOf } from "./AddressBook.js"
import { connectionKey, type Host, type PacketSink } from "./Host.js"
import type { Network } from "./Network.js"
import type { DropReason, Packet } from "./Packet.js"
import { TcpReceiver } from "./TcpReceiver.js"
import { MSS, type Sent, TcpSender } from "./TcpSender.js"

/**
 * One end of a TCP connection: the operating system's side, which answers packets, and the program's, which is a
 * `Connection`.
 *
 * Life: `connecting` or `accepting` until the handshake is over, then `open`. When the program is done with it, by
 * `end` or because the peer was, it is `closed` to the program as soon as the peer has everything; the system lingers
 * on until the peer's FIN has come or `LINGER` has passed, and takes what the peer still sends. A destroyed end with
 * something left to lose resets instead. There is no congestion control: claim correctness from it, never throughput.
 */
export class TcpEnd implements Connection, PacketSink {
  #state: "connecting" | "accepting" | "open" | "gone" = "connecting"
  readonly #receiver = new TcpReceiver()
  readonly #sender: TcpSender
  readonly #key: number
  #handler: ConnectionHandler | undefined
  #reason: CloseReason | undefined
  #paused = false
  /** Whether the program still wants bytes. */
  #reading = true
  /** Whether `onClose` has been arranged. */
  #closed = false
  #peerEnded = false
  #peer: Host | undefined
  #advertised = 0
  #timer: ProcessTimer | undefined
  /** How far the peer had acknowledged when the timer was set. */
  #timed = 0
  #deadline: ProcessTimer | undefined
  #onGone: () => void = () => {}
  readonly #network: Network
  readonly #host: Host
  readonly #process: Process
  readonly #from: Point
  readonly #to: Point
  /** Called once, when the handshake is over or has failed. */
  readonly #settled: (outcome: "open" | "refused" | "dead") => void

  constructor(
    network: Network,
    host: Host,
    process: Process,
    from: Point,
    to: Point,
    sendQueue: number,
    settled: (outcome: "open" | "refused" | "dead") => void
  ) {
    this.#network = network
    this.#host = host
    this.#process = process
    this.#from = from
    this.#to = to
    this.#settled = settled
    this.#sender = new TcpSender(sendQueue)
    this.#key = connectionKey(to, portOf(from))
    host.connections.set(this.#key, this)
  }

  get local() {
    return this.#network.book.endpoint(this.#from)
  }

  get remote() {
    return this.#network.book.endpoint(this.#to)
  }

  /** Sends the SYN. Gives a reason when the machine itself knows that it cannot leave. */
  connect(): DropReason | undefined {
    const problem = this.#transmit(this.#sender.syn(this.#network.kernel.now))
    this.#rearm()
    return problem === "offline" ? problem : undefined
  }

  /** Answers a SYN. */
  answer(from: Host): void {
    this.#state = "accepting"
    this.#peer = from
    this.#transmit(this.#sender.syn(this.#network.kernel.now))
    this.#rearm()
  }

  /** Gives this end to its program; without a handler it is closed. `gone` follows `onClose`. */
  begin(handler: ConnectionHandler | undefined, gone: () => void): void {
    this.#handler = handler
    this.#onGone = gone
    // The peer may have broken it off before a program that stood still got to it.
    if (this.#closed) this.#tellClosed()
    else if (handler === undefined) this.destroy()
    else this.#deliver()
  }

  // Properties, not methods: programs may take them apart from the connection.
  readonly send = (data: Uint8Array | string): boolean => {
    const bytes = typeof data === "string" ? Bytes.fromText(data) : data
    if (this.#closed || this.#state !== "open" || !this.#alive() || !this.#sender.push(bytes)) return false
    this.#pump()
    return true
  }

  readonly queued = (): number => (this.#closed ? 0 : this.#sender.queued)

  readonly pause = (): void => {
    this.#paused = true
  }

  readonly resume = (): void => {
    if (!this.#paused) return
    this.#paused = false
    this.#soon(() => this.#deliver())
  }

  readonly end = (): void => {
    if (this.#closed || !this.#alive()) return
    this.#reason ??= "local"
    this.#reading = false
    this.#receiver.discard()
    this.#finish()
  }

  readonly destroy = (): void => {
    if (this.#closed || !this.#alive()) return
    this.#reason ??= "local"
    this.#close(this.#state === "open" && this.#sender.idle && !this.#receiver.holds ? "linger" : "reset")
  }

  /** The process is gone; the system closes the connection for it. */
  abandon(): void {
    this.#handler = undefined
    this.#close(this.#state === "open" && this.#sender.idle && !this.#receiver.holds ? "linger" : "reset")
  }

  arrive(packet: Packet, from: Host): undefined {
    const segment = packet.segment!
    if (segment.rst) {
      this.#wasReset()
      return
    }
    if (this.#state === "connecting") {
      if (!segment.syn || !segment.ack) {
        this.#network.refuse(this.#host, packet)
        return
      }
      this.#peer = from
      this.#state = "open"
      this.#sender.acknowledge(segment.acknowledge, segment.window, this.#network.kernel.now)
      this.#acknowledge()
      this.#settled("open")
    } else if (segment.syn) {
      // Our answer was lost, or a machine that has forgotten this connection dials from the same port.
      if (this.#state === "accepting") this.#transmit({ ...SYN, at: 0, again: true })
      else this.#acknowledge()
    } else this.#take(packet)
    this.#pump()
  }

  #take(packet: Packet): void {
    const segment = packet.segment!
    if (this.#state === "accepting" && segment.acknowledge > 0) {
      this.#state = "open"
      this.#settled("open")
    }
    const again = this.#sender.acknowledge(segment.acknowledge, segment.window, this.#network.kernel.now)
    if (again !== undefined) this.#transmit(again)
    const probes = segment.sequence < this.#receiver.expected
    if (packet.data.length > 0 || segment.fin) this.#receiver.accept(segment.sequence, packet.data, segment.fin)
    if (packet.data.length > 0 || segment.fin || probes) this.#acknowledge()
    if (!this.#reading) this.#receiver.discard()
    else this.#process.enter(() => this.#deliver())
    if (this.#sender.finished) this.#close("linger")
    if (this.#closed && this.#receiver.ended && this.#sender.finished) this.#vanish()
  }

  /** Hands over what has arrived, and the end of it. Only as code of the process. */
  #deliver(): void {
    const before = this.#receiver.window
    while (!this.#paused && this.#reading && this.#handler !== undefined) {
      const data = this.#receiver.read()
      if (data === undefined) break
      this.#handler.onData(data)
    }
    // A peer that found no room waits for word of it.
    if (before < MSS && this.#receiver.window >= MSS && this.#state === "open") this.#acknowledge()
    if (this.#paused || !this.#reading || this.#peerEnded || this.#handler === undefined || !this.#receiver.ended)
      return
    this.#peerEnded = true
    this.#reason ??= "ended"
    this.#reading = false
    if (this.#handler.onEnd === undefined) this.#finish()
    else this.#handler.onEnd()
  }

  #finish(): void {
    this.#sender.finish()
    this.#deadline ??= this.#network.kernel.after(END_PATIENCE, () => {
      if (!this.#closed && this.#alive()) this.#close("reset")
    })
    this.#pump()
  }

  /** The program is done: `onClose` follows. The system lingers, or breaks the connection off. */
  #close(how: "linger" | "reset"): void {
    if (!this.#closed) {
      this.#closed = true
      this.#reading = false
      this.#receiver.discard()
      if (this.#deadline !== undefined) this.#network.kernel.cancel(this.#deadline)
      this.#tellClosed()
      if (how === "linger") {
        this.#sender.finish()
        this.#pump()
        this.#network.kernel.after(LINGER, () => this.#vanish())
      }
    }
    if (how === "reset") {
      if (this.#state !== "gone" && this.#alive()) this.#transmitReset()
      this.#vanish()
    }
  }

  #tellClosed(): void {
    const handler = this.#handler
    const gone = this.#onGone
    this.#soon(() => {
      handler?.onClose(this.#reason ?? "reset")
      gone()
    })
  }

  #wasReset(): void {
    if (this.#state === "connecting" || this.#state === "accepting") {
      this.#vanish()
      this.#settled("refused")
      return
    }
    this.#reason ??= "reset"
    this.#close("linger")
    this.#vanish()
  }

  /** The system forgets the connection. */
  #vanish(): void {
    this.#state = "gone"
    if (this.#timer !== undefined) this.#network.kernel.cancel(this.#timer)
    this.#timer = undefined
    if (this.#alive()) this.#host.connections.delete(this.#key)
  }

  /** Whether the machine still knows this connection: not after a loss of power. */
  #alive(): boolean {
    return this.#host.connections.get(this.#key) === this
  }

  #pump(): void {
    if (this.#state !== "open") return
    const { now } = this.#network.kernel
    for (;;) {
      const sent = this.#sender.take(this.#network.segmentSize(this.#host, this.#peer), now)
      if (sent === undefined) break
      this.#transmit(sent)
    }
    // What is sent later gives the oldest segment no more time (RFC 6298 §5.1); what is acknowledged anew does (§5.3).
    const hasNews = this.#sender.progress > this.#timed
    if (this.#timer === undefined || hasNews || this.#sender.patience === undefined) this.#rearm()
  }

  #rearm(): void {
    const { kernel } = this.#network
    if (this.#timer !== undefined) kernel.cancel(this.#timer)
    this.#timed = this.#sender.progress
    const patience = this.#sender.patience
    this.#timer = patience === undefined ? undefined : kernel.after(patience, () => this.#expire())
  }

  #expire(): void {
    this.#timer = undefined
    if (!this.#alive()) return
    const again = this.#sender.expire(this.#network.kernel.now)
    if (again === "dead") {
      const opening = this.#state !== "open"
      this.#reason ??= "reset"
      if (opening) {
        this.#vanish()
        this.#settled("dead")
      } else this.#close("reset")
      return
    }
    this.#transmit(again)
    this.#rearm()
  }

  /** A machine does not send from an address that is no longer its own. */
  get #isAtHome(): boolean {
    const address = addressOf(this.#from)
    return address === this.#host.ipv4 || address === this.#host.ipv6 || this.#network.routing.isLoopback(address)
  }

  #acknowledge(): void {
    this.#transmit({ sequence: NEXT, data: EMPTY, syn: false, fin: false, at: 0, again: false })
  }

  #transmit(sent: Sent): DropReason | undefined {
    if (!this.#isAtHome) return undefined
    this.#advertised = this.#receiver.window
    return this.#network.send(this.#host, this.#packet(sent.data, sent))
  }

  #transmitReset(): void {
    if (!this.#isAtHome) return
    this.#network.send(this.#host, this.#packet(EMPTY, { sequence: NEXT, syn: false, fin: false, rst: true }))
  }

  #packet(data: Uint8Array, { sequence, syn, fin, rst = false }: Header): Packet {
    return {
      protocol: "tcp",
      source: this.#from,
      destination: this.#to,
      data,
      segment: {
        syn,
        fin,
        rst,
        ack: this.#state !== "connecting",
        sequence: sequence === NEXT ? this.#sender.position : sequence,
        acknowledge: this.#receiver.expected,
        window: this.#advertised
      }
    }
  }

  /** As code of the process, after what runs now. */
  #soon(run: () => void): void {
    this.#process.scheduleTask(run, 0)
  }
}

interface Header {
  readonly sequence: number
  readonly syn: boolean
  readonly fin: boolean
  readonly rst?: boolean
}

/** Stands for the number of what would come next, which segments without content carry. */
const NEXT = -1

const EMPTY = new Uint8Array(0)

const SYN = { sequence: 0, data: EMPTY, syn: true, fin: false } as const

/** What `Connection.end` grants a peer that does not read. */
const END_PATIENCE = 2_000_000

/** Linux's tcp_fin_timeout. */
const LINGER = 60_000_000
