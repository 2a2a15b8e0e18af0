import { AckRanges } from "../../src/core/peer/recovery/AckRanges.js"
import { Bbr } from "../../src/core/peer/recovery/Bbr.js"
import { LossDetector } from "../../src/core/peer/recovery/LossDetector.js"
import { NewReno } from "../../src/core/peer/recovery/NewReno.js"
import { RttEstimator } from "../../src/core/peer/recovery/RttEstimator.js"
import type { SentFrame } from "../../src/core/peer/recovery/SentFrame.js"
import { ReceiveStream } from "../../src/core/peer/stream/ReceiveStream.js"
import { SendStream } from "../../src/core/peer/stream/SendStream.js"
import { Writer } from "../../src/protocol/Bytes.js"
import type { Ack } from "../../src/protocol/Frame.js"
import { Rng } from "../../src/sim/kernel/Rng.js"
import { Clock } from "./Clock.js"

/**
 * One stream over one bad line, as a connection sends it: what is lost is found by acknowledgements and timers
 * (`LossDetector`, `AckRanges`), the window and the pacer hold back, and flow control moves on as bytes are read. No
 * handshake, no cipher, no second path. The line loses, doubles, overtakes and is cut, then it is good.
 *
 * Each byte has to arrive once and in order, none beyond the limit may leave, of what was acknowledged nothing may be
 * sent again, and once the line is good all must be acknowledged soon, with nothing left under way and no timer.
 */
export const line = (seed: number): string | undefined => new Line(new Rng(seed).fork("line")).run()

interface Packet {
  readonly number: number
  readonly start: number
  readonly data: Uint8Array
}

class Line {
  readonly #clock = new Clock()
  readonly #sender: SendStream
  readonly #receiver = new ReceiveStream()
  readonly #detector: LossDetector
  readonly #acks = new AckRanges()
  readonly #latency: number
  readonly #jitter: number
  readonly #loss: number
  readonly #duplicate: number
  readonly #cut: readonly [number, number]
  /** Bytes that the receiver has room for beyond what was read. */
  readonly #window: number
  #limit: number
  #told: number
  #nextNumber = 0
  #written = 0
  #read = 0
  readonly #received = new Set<number>()
  readonly #acknowledged = new Set<SentFrame>()
  #ackTimer: number | undefined
  #wakeAt: number | undefined
  #problem: string | undefined

  constructor(private readonly rng: Rng) {
    this.#window = rng.pick([3_000, 20_000, 200_000])
    this.#limit = this.#told = this.#window
    this.#sender = new SendStream(this.#limit)
    this.#latency = rng.between(0, 80)
    this.#jitter = rng.pick([0, 0, 5, 60])
    this.#loss = rng.pick([0, 0.02, 0.1, 0.4])
    this.#duplicate = rng.pick([0, 0, 0.1])
    const cutAt = rng.chance(0.3) ? rng.below(TROUBLE_MS) : TROUBLE_MS
    this.#cut = [cutAt, cutAt + rng.below(TROUBLE_MS / 2)]
    const makeController = rng.chance(0.5) ? () => new NewReno() : () => new Bbr(rng.u32())
    const sender = this.#sender
    const sink = {
      get isWanted() {
        return sender.pending
      },
      onFrameAcknowledged: (frame: SentFrame) => this.#onAcknowledged(frame),
      onFrameLost: (frame: SentFrame) => this.#onLost(frame),
      onPacketAcknowledged: () => {},
      onPacketLost: () => {}
    }
    this.#detector = new LossDetector(sink, makeController, new RttEstimator(), PACKET)
  }

  run(): string | undefined {
    const { rng } = this
    for (let left = rng.between(1, 10); left > 0; left--) {
      const length = rng.chance(0.3) ? rng.between(1_000, 12_000) : rng.between(1, 200)
      this.#clock.at(rng.chance(0.5) ? 0 : rng.below(TROUBLE_MS), () => this.#write(length))
    }
    while (this.#problem === undefined && this.#clock.now < END_MS && this.#clock.step());
    if (this.#problem !== undefined) return `${this.#problem}, at ${this.#clock.now} ms`
    const { counts, timeout } = this.#detector
    if (this.#read !== this.#written || this.#sender.kept > 0)
      return `of ${this.#written} bytes ${this.#read} came, ${this.#sender.kept} are kept`
    if (timeout !== undefined) return `a timer is left for ${timeout} ms`
    if (counts.lost < 0 || counts.lost > counts.sent) return `${counts.lost} of ${counts.sent} packets count as lost`
    return undefined
  }

  #write(length: number): void {
    const data = new Uint8Array(length)
    for (let i = 0; i < length; i++) data[i] = byteAt(this.#written + i)
    this.#written += length
    if (this.rng.chance(0.5)) this.#sender.write(data)
    else this.#sender.extend(length).bytes(data)
    this.#pump()
  }

  /** Sends what may leave, and sees to it that the clock rings for what is next. */
  #pump(): void {
    const { now } = this.#clock
    this.#detector.setApplicationLimited(false)
    while (this.#sender.pending && this.#detector.maySend(now)) this.#send(now)
    this.#detector.setApplicationLimited(!this.#sender.pending)
    const pace = this.#sender.pending ? this.#detector.paceAt : Number.POSITIVE_INFINITY
    this.#wake(Math.min(this.#detector.timeout ?? Number.POSITIVE_INFINITY, pace))
  }

  #wake(at: number): void {
    if (at === Number.POSITIVE_INFINITY || (this.#wakeAt !== undefined && this.#wakeAt <= at)) return
    const due = Math.max(at, this.#clock.now + TICK_MS)
    this.#wakeAt = due
    this.#clock.at(due, () => {
      if (this.#wakeAt !== due) return
      this.#wakeAt = undefined
      this.#detector.handleTimeout(this.#clock.now)
      this.#pump()
    })
  }

  #send(now: number): void {
    const range = this.#sender.next(this.rng.chance(0.1) ? this.rng.between(1, PACKET) : PACKET)!
    if (range.end > this.#told) this.#fail(`bytes up to ${range.end} leave, beyond ${this.#told}`)
    const data = new Uint8Array(range.end - range.start)
    this.#sender.writeTo(new Writer(data), range)
    // Probes of other paths use numbers, too.
    const number = this.#nextNumber
    this.#nextNumber += this.rng.chance(0.05) ? this.rng.between(2, 9) : 1
    this.#detector.onSent(number, data.length + HEADER, [{ _tag: "Stream", stream: 0, ...range }], now)
    this.#travel(() => this.#arrive({ number, start: range.start, data }))
  }

  #arrive({ data, number, start }: Packet): void {
    if (this.#received.has(number)) return
    this.#received.add(number)
    const { now } = this.#clock
    this.#acks.onReceived(number, true, now)
    const packet = data.slice()
    if (!this.#receiver.receive(start, packet, this.#limit)) this.#fail(`bytes at ${start} are refused`)
    // A program that is busy reads later.
    if (this.rng.chance(0.8)) this.#readAll()
    else this.#receiver.park()
    packet.fill(0)
    this.#acknowledge()
  }

  #readAll(): void {
    for (let bytes = this.#receiver.read(); bytes !== undefined; bytes = this.#receiver.read())
      for (const byte of bytes) {
        if (byte !== byteAt(this.#read)) this.#fail(`byte ${this.#read} is ${byte}`)
        this.#read++
      }
    this.#limit = this.#read + this.#window
  }

  /** Acknowledges now, or when it is due. What a busy program has not read yet, it reads before that. */
  #acknowledge(): void {
    const { due } = this.#acks
    if (due === undefined) return
    const { now } = this.#clock
    if (due > now) {
      if (this.#ackTimer === due) return
      this.#ackTimer = due
      this.#clock.at(due, () => this.#acknowledge())
      return
    }
    this.#readAll()
    const ack = this.#acks.take(now)
    const limit = this.#limit
    if (ack !== undefined) this.#travel(() => this.#onAck(ack, limit))
  }

  #onAck(ack: Ack, limit: number): void {
    this.#told = Math.max(this.#told, limit)
    this.#sender.setLimit(limit)
    this.#detector.onAck(ack, this.#clock.now)
    this.#pump()
  }

  #onAcknowledged(frame: SentFrame): void {
    if (frame._tag !== "Stream") return
    if (this.#acknowledged.has(frame)) this.#fail(`bytes at ${frame.start} are acknowledged twice by one packet`)
    this.#acknowledged.add(frame)
    this.#sender.onAcknowledged(frame)
  }

  #onLost(frame: SentFrame): void {
    if (frame._tag !== "Stream") return
    if (this.#acknowledged.has(frame)) this.#fail(`bytes at ${frame.start} are lost after they were acknowledged`)
    this.#sender.onLost(frame)
  }

  /** Over the line, whichever way. */
  #travel(arrive: () => void): void {
    const { now } = this.#clock
    const isTrouble = now < TROUBLE_MS
    const copies = isTrouble && this.rng.chance(this.#duplicate) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (isTrouble && this.rng.chance(this.#loss)) continue
      if (now >= this.#cut[0] && now < this.#cut[1]) continue
      this.#clock.at(now + this.#latency + this.rng.below(this.#jitter + 1), arrive)
    }
  }

  #fail(what: string): void {
    this.#problem ??= what
  }
}

/** What the byte at this offset has to be. */
const byteAt = (offset: number): number => (offset * 31 + (offset >>> 8)) & 255

/** Bytes of a stream in one packet, and what is around them. */
const PACKET = 1_200
const HEADER = 40
const TROUBLE_MS = 2_000
/** A cut that lasts into good times, timers that have backed off to 3 s, and what then is to be sent, all of it. */
const END_MS = 60_000
/** ms between two looks at a timer that is due: as a driver's, which has whole ones. */
const TICK_MS = 1
