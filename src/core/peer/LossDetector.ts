import { MAX_DATAGRAM } from "../../protocol/DataPacket.js"
import type { Ack } from "../../protocol/Frame.js"
import type { CongestionController } from "./CongestionController.js"
import type { RttEstimator } from "./RttEstimator.js"

/** Something in a packet that has to arrive; what to do when it did or did not is up to its owner. */
export type SentFrame =
  | { readonly _tag: "Stream"; readonly stream: number; readonly start: number; readonly end: number }
  | { readonly _tag: "MaxData"; readonly stream: number }
  | { readonly _tag: "Candidates" }
  | { readonly _tag: "Consent" }

export interface LossSink {
  readonly onFrameAcknowledged: (frame: SentFrame) => void
  /** The frame must be sent again, in a new packet; it may arrive yet all the same. */
  readonly onFrameLost: (frame: SentFrame) => void
}

/**
 * Loss detection after RFC 9002 §6: a packet is lost when three later ones were acknowledged, or one later one and 9/8 of a round trip
 * has passed. When nothing at all is acknowledged, a probe timer sends the oldest frames again.
 *
 * A lone small packet has no later one that would betray its loss, and a chat line usually is one. So a spare copy of it follows
 * 15 ms later, if no acknowledgement came first: at 1 % loss, one line in a hundred comes 15 ms late instead of a timer late.
 *
 * Only packets that elicit an acknowledgement come here. They are counted by a dense `order` of their own, because probes of other
 * paths use packet numbers as well and would look like overtaking. After `changePath` the packets of the old path are still found
 * lost or acknowledged, but say nothing about the new path.
 */
export class LossDetector {
  /** By packet number, in the order sent; at most `MAX_TRACKED`. */
  readonly #sent = new Map<number, SentPacket>()
  #nextOrder = 0
  #largestOrder = -1
  #path = 0
  #inFlight = 0
  #lossTime: number | undefined
  /** When a copy of the newest packet is to be sent. */
  #spareAt: number | undefined
  #isSpare = false
  #lastSentAt = 0
  #probesInVain = 0
  #packets = 0
  #losses = 0
  #allowance = 0
  #applicationLimited = true
  #firstSampleAt = Number.POSITIVE_INFINITY
  #controller: CongestionController

  constructor(
    private readonly sink: LossSink,
    private readonly makeController: () => CongestionController,
    private rtt: RttEstimator
  ) {
    this.#controller = makeController()
  }

  get smoothedRtt(): number {
    return this.rtt.smoothed
  }

  /** How often in a row the probe timer ran out: nothing at all was acknowledged. */
  get probesInVain(): number {
    return this.#probesInVain
  }

  /** Packets that elicit an acknowledgement, and those of them that were found lost. */
  get counts(): { readonly sent: number; readonly lost: number } {
    return { sent: this.#packets, lost: this.#losses }
  }

  /** Whether one more full packet may be sent now. */
  get maySend(): boolean {
    if (this.#allowance > 0) return true
    return this.#sent.size < MAX_TRACKED && this.#inFlight + MAX_DATAGRAM <= this.#controller.window
  }

  /** The application had nothing more to send (so the window was not tested), or had, and the window held it back. */
  setApplicationLimited(limited: boolean): void {
    this.#applicationLimited = limited
  }

  onSent(number: number, bytes: number, frames: ReadonlyArray<SentFrame>, now: number): void {
    this.#sent.set(number, { order: this.#nextOrder++, path: this.#path, sentAt: now, bytes, frames })
    this.#packets++
    this.#inFlight += bytes
    this.#lastSentAt = now
    if (this.#allowance > 0) this.#allowance--
    const isLone = bytes <= SMALL_PACKET && this.#sent.size <= FEW_PACKETS
    this.#spareAt = isLone && !this.#isSpare ? now + SPARE_AFTER : undefined
    this.#isSpare = false
  }

  /** `false` when the peer acknowledges what was not sent; `next` is the number of the next packet. */
  onAck(ack: Ack, next: number, now: number): boolean {
    if (ack.ranges[0]!.end > next) return false
    const oldest = this.#oldest()
    if (oldest === undefined) return true
    let newest: SentPacket | undefined
    for (const range of ack.ranges) {
      if (range.end <= oldest) break
      const start = Math.max(range.start, oldest)
      if (range.end - start <= this.#sent.size) {
        for (let number = range.end - 1; number >= start; number--) newest = this.#acknowledge(number, newest, now)
      } else {
        for (const number of [...this.#sent.keys()]) {
          if (number >= start && number < range.end) newest = this.#acknowledge(number, newest, now)
        }
      }
    }
    if (newest === undefined) return true
    if (newest.order > this.#largestOrder) {
      this.#largestOrder = newest.order
      if (newest.path === this.#path) {
        this.rtt.update(Math.max(GRANULE, now - newest.sentAt), ack.delay)
        this.#firstSampleAt = Math.min(this.#firstSampleAt, now)
      }
    }
    this.#probesInVain = 0
    this.#allowance = 0
    if (this.#sent.size === 0) this.#spareAt = undefined
    this.#detect(now)
    return true
  }

  /** When `handleTimeout` wants to be called. */
  get timeout(): number | undefined {
    const repair = this.#repairAt
    return repair === undefined || this.#spareAt === undefined ? repair : Math.min(repair, this.#spareAt)
  }

  handleTimeout(now: number): void {
    const timeout = this.timeout
    if (timeout === undefined || timeout > now) return
    if (this.#spareAt !== undefined && this.#spareAt <= now) {
      this.#spareAt = undefined
      this.#isSpare = true
      this.#resend([...this.#sent.values()].at(-1)!)
      return
    }
    if (this.#lossTime !== undefined) {
      this.#detect(now)
      return
    }
    this.#probesInVain++
    this.#lastSentAt = now
    let probes = 0
    for (const packet of this.#sent.values()) {
      if (probes++ === PROBE_PACKETS) break
      this.#resend(packet)
    }
    this.#allowance = PROBE_PACKETS
  }

  /** From now on packets take another path, of which only `rtt` is known. */
  changePath(rtt: RttEstimator): void {
    this.rtt = rtt
    this.#path++
    this.#inFlight = 0
    this.#controller = this.makeController()
    this.#probesInVain = 0
    this.#firstSampleAt = Number.POSITIVE_INFINITY
  }

  /** When something is to be sent again for want of acknowledgements. */
  get #repairAt(): number | undefined {
    if (this.#lossTime !== undefined) return this.#lossTime
    if (this.#sent.size === 0) return undefined
    return this.#lastSentAt + this.rtt.probeTimeout(this.#probesInVain)
  }

  /** Has the frames of a packet sent once more, without taking it for lost; the window does not hold that back. */
  #resend(packet: SentPacket): void {
    this.#allowance++
    for (const frame of packet.frames) this.sink.onFrameLost(frame)
  }

  #oldest(): number | undefined {
    for (const number of this.#sent.keys()) return number
    return undefined
  }

  /** Takes the packet out, if it is there; the newer of it and `newest`. */
  #acknowledge(number: number, newest: SentPacket | undefined, now: number): SentPacket | undefined {
    const packet = this.#sent.get(number)
    if (packet === undefined) return newest
    this.#remove(number, packet)
    if (packet.path === this.#path) {
      this.#controller.onAcked(packet.bytes, packet.sentAt, !this.#applicationLimited, now)
    }
    for (const frame of packet.frames) this.sink.onFrameAcknowledged(frame)
    return newest === undefined || packet.order > newest.order ? packet : newest
  }

  /** RFC 9002 §6.1: finds what is lost, and when the next packet will be. */
  #detect(now: number): void {
    this.#lossTime = undefined
    const delay = this.rtt.lossDelay()
    const run = new LossRun()
    for (const [number, packet] of this.#sent) {
      if (packet.order > this.#largestOrder) break
      if (packet.order <= this.#largestOrder - PACKET_THRESHOLD || packet.sentAt + delay <= now) {
        this.#remove(number, packet)
        this.#losses++
        if (packet.path === this.#path && packet.sentAt >= this.#firstSampleAt) run.add(packet)
        if (packet.path === this.#path) this.#controller.onLost(packet.sentAt, now)
        for (const frame of packet.frames) this.sink.onFrameLost(frame)
      } else {
        this.#lossTime = Math.min(this.#lossTime ?? Number.POSITIVE_INFINITY, packet.sentAt + delay)
      }
    }
    if (run.longest > this.rtt.persistentCongestionDuration()) this.#controller.onPersistentCongestion()
  }

  #remove(number: number, packet: SentPacket): void {
    this.#sent.delete(number)
    if (packet.path === this.#path) this.#inFlight -= packet.bytes
  }
}

interface SentPacket {
  readonly order: number
  readonly path: number
  readonly sentAt: number
  readonly bytes: number
  readonly frames: ReadonlyArray<SentFrame>
}

/** The longest time between two lost packets with none but lost ones between them (RFC 9002 §7.6.2). */
class LossRun {
  #start: SentPacket | undefined
  #last: SentPacket | undefined
  longest = 0

  add(packet: SentPacket): void {
    if (this.#last === undefined || packet.order !== this.#last.order + 1) this.#start = packet
    this.#last = packet
    this.longest = Math.max(this.longest, packet.sentAt - this.#start!.sentAt)
  }
}

/** Packets waiting for an acknowledgement: 4.9 MB of full ones, about a quarter of a second at 150 Mbit/s. */
const MAX_TRACKED = 4096
/** RFC 9002 §6.1.1. */
const PACKET_THRESHOLD = 3
/** RFC 9002 §6.2.4: two, so that the loss of a probe does not cost another timer. */
const PROBE_PACKETS = 2
/** ms until the spare copy: late enough not to share the fate of the first in one burst of loss, soon enough not to be noticed. */
const SPARE_AFTER = 15
/** Bytes of a packet that is copied: a chat line of usual length. */
const SMALL_PACKET = 512
/** Packets under way, at most, for the newest to count as alone; with more, a later acknowledgement betrays a loss. */
const FEW_PACKETS = 2
/** ms: a sample of zero, as on loopback with a coarse clock, would make every timer zero. */
const GRANULE = 0.1
