import type * as Net from "node:net"
import { Duplex } from "node:stream"
import type { Gate, Pace } from "./Connection.js"
import { helloEnd, isHello, MAX_RECORD, recordsOf } from "./TlsRecords.js"

/**
 * Between an accepted TCP connection and its TLS. What arrives goes on a few records at a time, a ClientHello at its
 * turn (there is a second one after a HelloRetryRequest), and nothing while the connection is not read. Of records
 * that bring no data it tells.
 *
 * TLS alone reads on as long as there is no data: half a megabyte of 20,000 KeyUpdates (RFC 8446, §4.6.3) stopped a
 * server for 0.8 s, and none of its limits saw them.
 */
export class RecordGate extends Duplex implements Gate {
  readonly #tcp: Net.Socket
  #pace: Pace = { turn: (goOn) => goOn(), idle: () => {} }
  #begin: (() => void) | undefined
  /** Arrived, and not gone on. */
  #held: Uint8Array<ArrayBufferLike> = NOTHING
  #hellos = 0
  #isSecure = false
  /** Of the ClientHello that waits for its turn. */
  #helloBytes = 0
  #isHeld = false
  #isFull = false
  #isPumping = false
  #isOver = false
  /** Records that may still go on. */
  #left = Number.POSITIVE_INFINITY
  /** Pieces of data that have come out of TLS. */
  #carried = 0

  constructor(tcp: Net.Socket) {
    super({ allowHalfOpen: true })
    this.#tcp = tcp
    tcp.on("data", (data: Uint8Array) => {
      this.#held = this.#held.length === 0 ? data : Buffer.concat([this.#held, data])
      this.#pump()
    })
    tcp.on("end", () => {
      this.#isOver = true
      this.#pump()
    })
    tcp.on("close", () => this.destroy())
  }

  /** `begin` is called when the first ClientHello is there, and calls `admit` when it is to go on. */
  open(begin: () => void, pace: Pace): void {
    this.#begin = begin
    this.#pace = pace
    this.#pump()
  }

  /** It is the turn of the ClientHello that waits. */
  admit(): void {
    const bytes = this.#helloBytes
    this.#helloBytes = 0
    this.#pass(bytes)
    this.#pump()
  }

  /** The handshake is over. */
  secured(): void {
    this.#isSecure = true
  }

  /** Data has come out of TLS. */
  carried(): void {
    this.#carried++
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    this.#pump()
  }

  last(): void {
    this.#left = MAX_LAST
    this.hold(false)
  }

  override _read(): void {
    if (!this.#isFull) return
    this.#isFull = false
    // What is pushed within `_read` comes out of TLS only later.
    process.nextTick(() => this.#pump())
  }

  /** Whatever goes wrong here closes the connection, which is told by its own `close`. */
  override _write(chunk: Uint8Array, _: BufferEncoding, done: () => void): void {
    this.#tcp.write(chunk, () => done())
  }

  override _final(done: () => void): void {
    this.#tcp.end(() => done())
  }

  override _destroy(_: Error | null, done: (error: Error | null) => void): void {
    this.#held = NOTHING
    this.#tcp.destroy()
    done(null)
  }

  /** Lets go on what may, and slows the client down when that is not all. */
  #pump(): void {
    // What TLS makes of a piece may call `hold`.
    if (this.#isPumping) return
    this.#isPumping = true
    while (this.#mayPass && this.#passSome());
    this.#isPumping = false
    if (this.destroyed) return
    if (this.#isHeld || this.#held.length > MAX_HELD) this.#tcp.pause()
    else this.#tcp.resume()
    if (this.#isOver && this.#mayPass) this.push(null)
  }

  get #mayPass(): boolean {
    return !(this.#isHeld || this.#isFull || this.#helloBytes > 0 || this.destroyed || this.readableEnded)
  }

  /** Whether something has gone on. */
  #passSome(): boolean {
    if (this.#held.length === 0) return false
    const mayRetry = this.#hellos === 1 && !this.#isSecure
    if (this.#hellos === 0 || (mayRetry && isHello(this.#held))) return this.#greet()
    const { bytes, count } = recordsOf(this.#held, MAX_PIECE, mayRetry)
    if (count === 0) return false
    if (this.#left <= 0) {
      this.#held = NOTHING
      return false
    }
    this.#left -= count
    const before = this.#carried
    this.#pass(bytes)
    const idle = count - (this.#carried - before)
    if (idle > 0) this.#pace.idle(idle)
    return true
  }

  /** Whether a ClientHello is whole, and has gone on. */
  #greet(): boolean {
    const end = helloEnd(this.#held)
    if (end === undefined) return false
    this.#hellos++
    this.#helloBytes = end
    if (this.#hellos === 1) this.#begin?.()
    else this.#pace.turn(() => this.admit())
    return this.#helloBytes === 0
  }

  #pass(bytes: number): void {
    const piece = this.#held.subarray(0, bytes)
    this.#held = bytes === this.#held.length ? NOTHING : this.#held.subarray(bytes)
    if (!this.push(piece)) this.#isFull = true
  }
}

/** Records in one piece: a quarter of a millisecond of TLS, when they are KeyUpdates. */
const MAX_PIECE = 16
/** Records that are read from a connection that has ended: what was under way, and the other side's last words. */
const MAX_LAST = 64
/** Bytes: a record that is not whole yet, and what came with its end. */
const MAX_HELD = MAX_RECORD + 65_536
const NOTHING = new Uint8Array(0)
