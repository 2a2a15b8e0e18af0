/** What a connection sends: bytes that wait, bytes under way, and when to send those again (RFC 9293, RFC 6298). */
export class TcpSender {
  readonly #waiting: Array<Uint8Array> = []
  #waitingBytes = 0
  readonly #inFlight: Array<Sent> = []
  #inFlightBytes = 0
  /** The next sequence number. The SYN has number 0. */
  #next = 0
  /** The peer's window as it was told last, beyond `acknowledged`. */
  #window = MSS
  #acknowledged = 0
  #duplicates = 0
  #finishing = false
  #finSent = false
  #smoothed: number | undefined
  #variation = 0
  #timeout = INITIAL_TIMEOUT
  #retries = 0
  /**
   * What had been sent when a loss was noticed: until it is acknowledged, an advance that stops short tells of the next
   * loss.
   */
  #recovery = 0
  readonly #bound: number

  constructor(bound: number) {
    this.#bound = bound
  }

  /** Bytes that the program gave and that are not under way. */
  get queued(): number {
    return this.#waitingBytes
  }

  /** Whether everything, the end included, has reached the peer. */
  get finished(): boolean {
    return this.#finSent && this.#inFlight.length === 0
  }

  /** Whether there is anything that the peer may not have. */
  get idle(): boolean {
    return this.#waitingBytes === 0 && this.#inFlight.length === 0
  }

  /** The sequence number of what comes next. */
  get position(): number {
    return this.#next
  }

  /** The sequence number before which the peer has everything. */
  get progress(): number {
    return this.#acknowledged
  }

  /** Queues a copy; `false` when the bound is reached. */
  push(data: Uint8Array): boolean {
    if (this.#finishing || this.#waitingBytes + data.length > this.#bound) return false
    if (data.length === 0) return true
    this.#waiting.push(new Uint8Array(data))
    this.#waitingBytes += data.length
    return true
  }

  /** Nothing more is pushed: a FIN follows the last byte. */
  finish(): void {
    this.#finishing = true
  }

  syn(now: number): Sent {
    return this.#depart({ sequence: this.#next++, data: EMPTY, syn: true, fin: false, at: now, again: false })
  }

  /** The next segment that the peer has room for, of at most `limit` bytes. */
  take(limit: number, now: number): Sent | undefined {
    const room = Math.min(this.#window, MAX_IN_FLIGHT) - this.#inFlightBytes
    if (this.#waitingBytes > 0) {
      const size = Math.min(limit, room, this.#waitingBytes)
      if (size <= 0) return undefined
      const sent = { sequence: this.#next, data: this.#cut(size), syn: false, fin: false, at: now, again: false }
      this.#next += size
      return this.#depart(sent)
    }
    if (!this.#finishing || this.#finSent) return undefined
    this.#finSent = true
    return this.#depart({ sequence: this.#next++, data: EMPTY, syn: false, fin: true, at: now, again: false })
  }
  /** The peer has everything before `acknowledge`. Gives a segment to send again when it seems to be lost. */
  acknowledge(acknowledge: number, window: number, now: number): Sent | undefined {
    const news = acknowledge > this.#acknowledged
    const sameWindow = window === this.#window
    this.#window = window
    if (!news) {
      // Three repeats mean that later segments arrived and this one did not (RFC 5681 §3.2).
      if (!sameWindow || this.#inFlight.length === 0 || ++this.#duplicates !== 3) return undefined
      this.#recovery = this.#next
      return this.#repeat(now)
    }
    this.#acknowledged = acknowledge
    this.#duplicates = 0
    this.#retries = 0
    let latest: Sent | undefined
    while (this.#inFlight.length > 0 && endOf(this.#inFlight[0]!) <= acknowledge) {
      latest = this.#inFlight.shift()!
      this.#inFlightBytes -= latest.data.length
    }
    // In a recovery, what is acknowledged at last arrived long ago: it tells nothing about the round trip.
    if (latest?.again === false && acknowledge > this.#recovery) this.#measure(now - latest.at)
    this.#timeout = this.#estimate()
    // NewReno (RFC 6582 §3.2): each advance below `recovery` uncovers another segment that is missing.
    return acknowledge < this.#recovery && this.#inFlight.length > 0 ? this.#repeat(now) : undefined
  }

  /** Microseconds after which to call `expire`; `undefined` when nothing is awaited. */
  get patience(): number | undefined {
    return this.#inFlight.length === 0 && this.#waitingBytes === 0 ? undefined : this.#timeout
  }

  /**
   * Nothing came back in time: the segment to send again, a probe of a window that is shut, or `dead` when that was
   * tried often enough.
   */
  expire(now: number): Sent | "dead" {
    if (++this.#retries > MAX_RETRIES) return "dead"
    this.#timeout = Math.min(this.#timeout * 2, MAX_TIMEOUT)
    this.#recovery = this.#next
    if (this.#inFlight.length > 0) return this.#repeat(now)
    return { sequence: this.#acknowledged - 1, data: EMPTY, syn: false, fin: false, at: now, again: true }
  }

  #repeat(now: number): Sent {
    const sent = this.#inFlight[0]!
    sent.at = now
    sent.again = true
    return sent
  }

  #depart(sent: Sent): Sent {
    this.#inFlight.push(sent)
    this.#inFlightBytes += sent.data.length
    return sent
  }

  #cut(size: number): Uint8Array {
    const out = new Uint8Array(size)
    let at = 0
    while (at < size) {
      const first = this.#waiting[0]!
      const part = Math.min(first.length, size - at)
      out.set(first.subarray(0, part), at)
      if (part === first.length) this.#waiting.shift()
      else this.#waiting[0] = first.subarray(part)
      at += part
    }
    this.#waitingBytes -= size
    return out
  }

  /** RFC 6298 §2, with Linux's lower bound. */
  #measure(rtt: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = rtt
      this.#variation = rtt / 2
    } else {
      this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - rtt)
      this.#smoothed = 0.875 * this.#smoothed + 0.125 * rtt
    }
  }

  #estimate(): number {
    if (this.#smoothed === undefined) return INITIAL_TIMEOUT
    return Math.min(Math.max(MIN_TIMEOUT, Math.ceil(this.#smoothed + 4 * this.#variation)), MAX_TIMEOUT)
  }
}

/** A segment that has been sent and not been acknowledged. */
export interface Sent {
  readonly sequence: number
  readonly data: Uint8Array
  readonly syn: boolean
  readonly fin: boolean
  at: number
  /** Whether it went more than once, so that its acknowledgement tells nothing about the round trip (Karn). */
  again: boolean
}

const endOf = (sent: Sent): number => sent.sequence + sent.data.length + (sent.syn || sent.fin ? 1 : 0)

const EMPTY = new Uint8Array(0)

/** Bytes of payload in one segment: what fits an Ethernet frame. */
export const MSS = 1460

/** Nothing adapts to congestion here, so a fixed window stands for it: what Linux begins to offer. */
const MAX_IN_FLIGHT = 65_536

/** RFC 6298 §2.1. */
const INITIAL_TIMEOUT = 1_000_000

/** Linux's TCP_RTO_MIN and TCP_RTO_MAX. */
const MIN_TIMEOUT = 200_000
const MAX_TIMEOUT = 120_000_000

/** Linux's net.ipv4.tcp_retries2: about 15 minutes of silence. */
const MAX_RETRIES = 15
