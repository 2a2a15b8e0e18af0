import type { Ack } from "../../../protocol/Frame.js"
import { NEVER } from "../../support/Deadline.js"
import type { CongestionController } from "./CongestionController.js"
import { DeliveryRate } from "./DeliveryRate.js"
import { Pacer } from "./Pacer.js"
import { Reordering } from "./Reordering.js"
import { GRANULE, type RttEstimator } from "./RttEstimator.js"
import type { SentFrame } from "./SentFrame.js"
import { type SentPacket, SentPackets } from "./SentPackets.js"

export interface LossSink {
  /** Whether frames that must arrive are waiting to be sent. */
  readonly isWanted: boolean
  readonly onFrameAcknowledged: (frame: SentFrame) => void
  /** The frame must be sent again, in a new packet. The old packet may still arrive. */
  readonly onFrameLost: (frame: SentFrame, now: number) => void
  /** A packet of `bytes` on the path in use arrived. */
  readonly onPacketAcknowledged: (bytes: number) => void
  /** A packet of `bytes` on the path in use was lost. `onFrameLost` follows for each of its frames. */
  readonly onPacketLost: (bytes: number, now: number) => void
}

/**
 * Loss detection after RFC 9002 §6: a packet is lost when three later ones were acknowledged, or one later one and 9/8
 * of a round trip has passed; on a path that reorders, later (`Reordering`). When nothing at all is acknowledged, a
 * probe timer sends the oldest frames again.
 *
 * After a small packet on its own, such as a line of chat, no later packet follows whose acknowledgement would show its
 * loss. So a spare copy of it follows 15 ms later, if no acknowledgement came first: at 1 % loss, one line in a hundred
 * comes 15 ms late instead of a timer late.
 *
 * Only packets that elicit an acknowledgement come here. They are counted by a dense `order` of their own, because
 * probes of other paths use packet numbers as well and would look like overtaking. After `changePath` the packets of
 * the old path are still found lost or acknowledged, but say nothing about the new path.
 *
 * The path's congestion controller decides how much may be under way, and the pacer when the next packet may leave.
 */
export class LossDetector {
  readonly #sink: LossSink
  readonly #makeController: () => CongestionController
  #rtt: RttEstimator
  /** At most `MAX_TRACKED`. */
  readonly #sent = new SentPackets()
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
  #firstSampleAt = NEVER
  #controller: CongestionController
  #delivery = new DeliveryRate()
  #reordering = new Reordering()
  #pacer = new Pacer()
  /** Bytes of a full packet on this path. */
  packetSize = 0
  /** Whether full packets are small for now, until there is an answer. */
  #isSizeInDoubt = false
  /** Packets sent in this doubt since the last acknowledgement. */
  #doubtful = 0

  constructor(sink: LossSink, makeController: () => CongestionController, rtt: RttEstimator, packetSize: number) {
    this.#sink = sink
    this.#makeController = makeController
    this.#rtt = rtt
    this.#controller = makeController()
    this.packetSize = packetSize
  }

  get smoothedRtt(): number {
    return this.#rtt.smoothed
  }

  /** How often in a row the probe timer has run out with nothing acknowledged in between. */
  get probesInVain(): number {
    return this.#probesInVain
  }

  /** Packets that elicit an acknowledgement, and those of them that were found lost. */
  get counts(): { readonly sent: number; readonly lost: number } {
    return { sent: this.#packets, lost: this.#losses }
  }

  /**
   * While the size of packets is in doubt, only a few may leave until the next acknowledgement: a window of large
   * packets would otherwise be filled with thousands of small ones just before the doubt ends.
   */
  set isSizeInDoubt(isInDoubt: boolean) {
    if (isInDoubt && !this.#isSizeInDoubt) this.#doubtful = 0
    this.#isSizeInDoubt = isInDoubt
  }

  /** Whether one more full packet may be sent now. */
  maySend(now: number): boolean {
    if (this.#allowance > 0) return true
    return this.#hasWindow && this.#pacer.mayLeave(this.#controller.rate, this.packetSize, this.#inFlight === 0, now)
  }

  /** When the pacer lets the next packet leave, as long as the window does; infinite otherwise. */
  get paceAt(): number {
    return this.#hasWindow ? this.#pacer.nextAt(this.#controller.rate) : NEVER
  }

  /** Whether the application has nothing more to send, so that the window is not what limits us. */
  setApplicationLimited(limited: boolean): void {
    this.#applicationLimited = limited
    if (limited && this.#hasWindow) this.#delivery.onApplicationLimited(this.#inFlight)
  }

  onSent(number: number, bytes: number, frames: ReadonlyArray<SentFrame>, now: number): void {
    this.#controller.onSent(this.#inFlight, now)
    const stamp = this.#delivery.stamp(this.#inFlight, now)
    this.#sent.push({ number, order: this.#nextOrder++, path: this.#path, sentAt: now, bytes, frames, stamp })
    this.#pacer.onSent(bytes)
    this.#packets++
    this.#doubtful++
    this.#inFlight += bytes
    this.#lastSentAt = now
    if (this.#allowance > 0) this.#allowance--
    const isLone = bytes <= SMALL_PACKET && bytes < this.packetSize && this.#sent.size <= FEW_PACKETS
    this.#spareAt = isLone && !this.#isSpare ? now + SPARE_AFTER : undefined
    this.#isSpare = false
  }

  /** The peer acknowledges packets that were all sent. */
  onAck(ack: Ack, now: number): void {
    let newest = undefined as SentPacket | undefined
    const acknowledge = (packet: SentPacket) => {
      if (newest === undefined || packet.order > newest.order) newest = packet
      this.#acknowledge(packet, now)
    }
    for (const range of ack.ranges) {
      const oldest = this.#sent.oldest
      if (oldest === undefined || range.end <= oldest.number) break
      this.#sent.takeRange(range.start, range.end, acknowledge)
    }
    for (const packet of this.#reordering.onAck(ack, this.#rtt.smoothed, now)) this.#excuse(packet)
    if (newest === undefined) return
    const rtt = this.#measure(newest, ack.delay, now)
    this.#probesInVain = 0
    this.#allowance = 0
    this.#doubtful = 0
    if (this.#sent.size === 0) this.#spareAt = undefined
    this.#detect(now)
    this.#sample(rtt, now)
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
      this.#resend(this.#sent.newest!, now)
      return
    }
    if (this.#lossTime !== undefined) {
      this.#detect(now)
      return
    }
    this.#probesInVain++
    this.#lastSentAt = now
    let probes = 0
    this.#sent.scan((packet) => {
      if (probes === PROBE_PACKETS) return "stop"
      this.#resend(packet, now)
      // If nothing is to be sent again, later packets have repeated all of this one and were acknowledged. It would
      // probe nothing, and keep the next one from being a probe; so it is forgotten.
      if (!this.#sink.isWanted) {
        if (packet.path === this.#path) this.#inFlight -= packet.bytes
        for (const frame of packet.frames) if (frame._tag === "SizeProbe") this.#sink.onFrameLost(frame, now)
        return "take"
      }
      probes++
      return "keep"
    })
    this.#allowance = PROBE_PACKETS
  }

  /**
   * From now on packets take another path. The congestion controller, the rates and the timers begin anew; only `rtt`
   * is known.
   */
  changePath(rtt: RttEstimator, packetSize: number): void {
    this.#rtt = rtt
    this.packetSize = packetSize
    this.#path++
    this.#inFlight = 0
    this.#controller = this.#makeController()
    this.#delivery = new DeliveryRate()
    this.#reordering = new Reordering()
    this.#pacer = new Pacer()
    this.#probesInVain = 0
    this.#firstSampleAt = NEVER
  }

  /**
   * Whether the window has room for one more packet. One may always be under way: where packets are large the window
   * can be smaller than one, and without it would never grow.
   */
  get #hasWindow(): boolean {
    if (this.#sent.size >= MAX_TRACKED || (this.#isSizeInDoubt && this.#doubtful >= DOUBTFUL_PACKETS)) return false
    return this.#inFlight === 0 || this.#inFlight + this.packetSize <= this.#controller.window
  }

  /** When the next packet counts as lost, or the probe timer runs out. */
  get #repairAt(): number | undefined {
    if (this.#lossTime !== undefined) return this.#lossTime
    if (this.#sent.size === 0) return undefined
    return this.#lastSentAt + this.#rtt.probeTimeout(this.#probesInVain)
  }

  /**
   * Has the frames of a packet sent once more, without counting the packet as lost. The window does not hold these
   * frames back.
   */
  #resend(packet: SentPacket, now: number): void {
    this.#allowance++
    for (const frame of packet.frames) if (frame._tag !== "SizeProbe") this.#sink.onFrameLost(frame, now)
  }

  #acknowledge(packet: SentPacket, now: number): void {
    if (packet.path === this.#path) {
      this.#inFlight -= packet.bytes
      this.#delivery.onAcked(packet.stamp, packet.bytes, packet.sentAt, now)
      this.#controller.onAcked(packet.bytes, packet.sentAt, !this.#applicationLimited, now)
      this.#sink.onPacketAcknowledged(packet.bytes)
    }
    for (const frame of packet.frames) this.#sink.onFrameAcknowledged(frame)
  }

  /**
   * Measures the round trip of the newest packet acknowledged; `undefined` when a later packet was acknowledged before,
   * or the packet took another path.
   */
  #measure(newest: SentPacket, delay: number, now: number): number | undefined {
    if (newest.order <= this.#largestOrder) return undefined
    this.#largestOrder = newest.order
    if (newest.path !== this.#path) return undefined
    const rtt = Math.max(GRANULE, now - newest.sentAt)
    this.#rtt.update(rtt, delay, now)
    this.#firstSampleAt = Math.min(this.#firstSampleAt, now)
    return rtt
  }

  #sample(rtt: number | undefined, now: number): void {
    const estimate = this.#delivery.take(this.#rtt.minimum)
    if (estimate === undefined) return
    this.#controller.onSample({
      now,
      rate: estimate.rate,
      applicationLimited: estimate.limited,
      delivered: this.#delivery.delivered,
      priorDelivered: estimate.priorDelivered,
      rtt,
      inFlight: this.#inFlight,
      packetSize: this.packetSize
    })
  }

  /** RFC 9002 §6.1: finds what is lost, and when the next packet will be. */
  #detect(now: number): void {
    this.#lossTime = undefined
    const delay = this.#reordering.lossDelay(this.#rtt.lossDelay(), this.#rtt.smoothed)
    const threshold = this.#reordering.packetThreshold
    const run = new LossRun()
    this.#sent.scan((packet) => {
      if (packet.order > this.#largestOrder) return "stop"
      if (packet.order > this.#largestOrder - threshold && packet.sentAt + delay > now) {
        this.#lossTime = Math.min(this.#lossTime ?? NEVER, packet.sentAt + delay)
        return "keep"
      }
      this.#lose(packet, run, now)
      return "take"
    })
    if (run.longest > this.#rtt.persistentCongestionDuration()) this.#controller.onPersistentCongestion()
  }

  /** A packet that was found lost has arrived after all. What was in it is under way once more, which does no harm. */
  #excuse(packet: SentPacket): void {
    this.#losses--
    if (packet.path === this.#path && packet.frames[0]?._tag !== "SizeProbe")
      this.#controller.onSpuriousLoss(packet.bytes)
  }

  #lose(packet: SentPacket, run: LossRun, now: number): void {
    this.#losses++
    if (packet.path === this.#path) {
      this.#reordering.onLost(packet)
      this.#inFlight -= packet.bytes
      if (packet.sentAt >= this.#firstSampleAt) run.add(packet)
      // A lost probe of the packet size says that the size was too large, and nothing of the load (RFC 8899 §3).
      if (packet.frames[0]?._tag !== "SizeProbe") {
        this.#controller.onLost(packet.bytes, packet.sentAt, now)
        this.#sink.onPacketLost(packet.bytes, now)
      }
    }
    for (const frame of packet.frames) this.#sink.onFrameLost(frame, now)
  }
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

/** Packets waiting for an acknowledgement: 9.8 MB of full ones, more than the largest window of any controller here. */
export const MAX_TRACKED = 8192
/** Packets that may leave without an acknowledgement while their size is in doubt: as many as in a first window. */
const DOUBTFUL_PACKETS = 10
/** RFC 9002 §6.2.4: two, so that the loss of a probe does not cost another timer. */
const PROBE_PACKETS = 2
/**
 * ms until the spare copy: late enough not to share the fate of the first in one burst of loss, soon enough not to be
 * noticed.
 */
const SPARE_AFTER = 15
/** Bytes of a packet that is copied, unless it is full: a chat line of usual length. */
const SMALL_PACKET = 512
/**
 * Packets under way up to which the newest gets a spare copy. With more of them, the acknowledgement of a later packet
 * shows the loss soon enough.
 */
const FEW_PACKETS = 2
