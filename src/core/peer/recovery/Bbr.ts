import { MAX_DATAGRAM } from "../../../protocol/DataPacket.js"
import type { CongestionController, PathSample } from "./CongestionController.js"
import { WindowedMax } from "./WindowedMax.js"

/**
 * A model-based controller after BBR (Cardwell et al., "BBR: Congestion-Based Congestion Control", 2016;
 * draft-cardwell-iccrg-bbr): it measures how fast the path delivers at best (`bandwidth`) and how short its round trip
 * is at least (`shortest`), sends at that rate, and keeps about their product in flight. A single loss says nothing: a
 * radio link loses packets without any congestion.
 *
 * Life: *startup* sends nearly three times as fast each round until the bandwidth stops growing; *drain* lets the queue
 * that this made run empty; *probe* then goes in cycles of eight round trips: one a quarter faster, to find more
 * bandwidth, one a quarter slower, to give back the queue that this made, six at the rate measured. When the shortest
 * round trip was not seen for ten seconds,
 * *empty* sends next to nothing for a moment, so that queues run empty and it can be measured.
 *
 * Heavy loss does say something: a queue on the way is shorter than what is in flight, or other flows need room. When a
 * round loses more than `TOO_MUCH_LOSS`, what may be in flight goes down to what was delivered in that round, and comes
 * back cautiously (the part of BBRv2 that keeps the losses of shallow queues and the harm to loss-based flows within
 * bounds).
 */
export class Bbr implements CongestionController {
  #state: "startup" | "drain" | "probe" | "empty" = "startup"
  readonly #bandwidth = new WindowedMax(BANDWIDTH_ROUNDS)
  #shortest = Number.POSITIVE_INFINITY
  #shortestAt = Number.NEGATIVE_INFINITY
  #packetSize = MAX_DATAGRAM

  #round = 0
  /** The round ends when a packet sent after this many bytes were delivered is acknowledged. */
  #roundEnd = 0
  #roundStartDelivered = 0
  #lostInRound = 0

  /** Startup: the bandwidth to beat, and for how many rounds it was not beaten. */
  #toBeat = 0
  #plateau = 0
  /** Whether loss has ended startup. */
  #startupLost = false
  /** Probe: which eighth of the cycle runs, and since when. */
  #phase: number
  #phaseAt = 0
  /** Empty: until when; `undefined` while still more is in flight than wanted. */
  #emptyUntil: number | undefined
  /** Bytes that may be in flight after heavy loss; infinite when there was none lately. */
  #ceiling = Number.POSITIVE_INFINITY

  /** `offset` (0 to 255, random) makes flows that share a link probe at different times. */
  constructor(offset: number) {
    this.#phase = 2 + (offset % (CYCLE.length - 2))
  }

  get window(): number {
    const least = LEAST_PACKETS * this.#packetSize
    if (this.#bandwidth.value === 0) return INITIAL_PACKETS * this.#packetSize
    if (this.#state === "empty") return Math.max(least, EMPTY_SHARE * this.#product)
    const wanted = (this.#state === "startup" ? STARTUP_GAIN : WINDOW_GAIN) * this.#product
    return Math.min(MAX_WINDOW, Math.max(least, Math.min(wanted, this.#ceiling)))
  }

  get rate(): number {
    const bandwidth = this.#bandwidth.value
    // Before anything is known the window goes out at once: ten packets, as in RFC 9002.
    if (bandwidth === 0) return Number.POSITIVE_INFINITY
    return Math.max(this.#gain * bandwidth, (LEAST_PACKETS * this.#packetSize) / SLOWEST_MS)
  }

  onSent(inFlight: number, now: number): void {
    // After silence the cycle begins with one of its even phases: there is no queue to drain yet, and nothing to
    // compare a faster phase with.
    if (inFlight === 0 && this.#state === "probe" && this.#phase < 2) this.#enterPhase(2, now)
  }

  onAcked(): void {}

  onLost(bytes: number): void {
    this.#lostInRound += bytes
  }

  /** What was concluded from the loss is taken back. */
  onSpuriousLoss(bytes: number): void {
    this.#lostInRound = Math.max(0, this.#lostInRound - bytes)
    this.#ceiling = Number.POSITIVE_INFINITY
    if (!this.#startupLost) return
    this.#startupLost = false
    this.#state = "startup"
    this.#plateau = 0
  }

  onSample(sample: PathSample): void {
    this.#packetSize = sample.packetSize
    const isNewRound = sample.priorDelivered >= this.#roundEnd
    if (isNewRound) {
      this.#round++
      this.#roundEnd = sample.delivered
      this.#weighLoss(sample)
    }
    const { rate } = sample
    if (rate !== undefined && (!sample.applicationLimited || rate > this.#bandwidth.value)) {
      this.#bandwidth.update(rate, this.#round)
    }
    const isStale = sample.now > this.#shortestAt + SHORTEST_FOR
    if (sample.rtt !== undefined && (sample.rtt <= this.#shortest || isStale)) {
      this.#shortest = sample.rtt
      this.#shortestAt = sample.now
    }
    this.#advance(sample, isNewRound, isStale)
  }

  onPersistentCongestion(): void {
    this.#bandwidth.clear()
    this.#state = "startup"
    this.#toBeat = this.#plateau = 0
    this.#ceiling = Number.POSITIVE_INFINITY
    this.#shortest = Number.POSITIVE_INFINITY
  }

  /**
   * Bandwidth times shortest round trip: the bytes that fill the path. The round trip counts as `SHORTEST_LOOP` at
   * least, so that the timers of an event loop can keep the path busy.
   */
  get #product(): number {
    return this.#bandwidth.value * Math.max(this.#shortest, SHORTEST_LOOP)
  }

  get #gain(): number {
    if (this.#state === "startup") return STARTUP_GAIN
    if (this.#state === "drain") return 1 / STARTUP_GAIN
    return this.#state === "probe" ? CYCLE[this.#phase]! : 1
  }

  /** Called at the end of a round: lowers the ceiling when the round lost too much, and raises it again otherwise. */
  #weighLoss(sample: PathSample): void {
    const delivered = sample.delivered - this.#roundStartDelivered
    const lost = this.#lostInRound
    this.#roundStartDelivered = sample.delivered
    this.#lostInRound = 0
    if (lost > FEW_LOST * this.#packetSize && lost > TOO_MUCH_LOSS * (lost + delivered)) {
      this.#ceiling = Math.max(delivered, CEILING_DROP * Math.min(this.#ceiling, this.window))
      if (this.#state === "startup") {
        this.#state = "drain"
        this.#startupLost = true
      }
    } else if (this.#ceiling < Number.POSITIVE_INFINITY) {
      this.#ceiling *= CEILING_GROWTH
      if (this.#ceiling > WINDOW_GAIN * this.#product) this.#ceiling = Number.POSITIVE_INFINITY
    }
  }

  #advance(sample: PathSample, isNewRound: boolean, isStale: boolean): void {
    const { inFlight, now } = sample
    if (this.#state === "startup" && isNewRound && !sample.applicationLimited) this.#checkPlateau()
    if (this.#state === "drain" && inFlight <= this.#product) this.#enterProbe(now)
    if (this.#state === "probe") this.#cycle(sample)
    if (isStale && this.#state !== "empty" && this.#state !== "startup") {
      this.#state = "empty"
      this.#emptyUntil = undefined
    }
    if (this.#state === "empty") this.#waitEmpty(inFlight, now)
  }

  /** Startup ends when the bandwidth has not grown by a quarter for three rounds. */
  #checkPlateau(): void {
    if (this.#bandwidth.value >= this.#toBeat * PLATEAU_GROWTH) {
      this.#toBeat = this.#bandwidth.value
      this.#plateau = 0
    } else if (++this.#plateau >= PLATEAU_ROUNDS) this.#state = "drain"
  }

  #enterProbe(now: number): void {
    this.#state = "probe"
    this.#enterPhase(Math.max(this.#phase, 2), now)
  }

  #cycle({ inFlight, now }: PathSample): void {
    const lasted = now - this.#phaseAt > Math.max(this.#shortest, SHORTEST_LOOP)
    const gain = CYCLE[this.#phase]!
    // The fast phase goes on until more is really in flight, or some of it was lost. The slow phase ends early when the
    // queue is gone.
    const done =
      gain > 1
        ? lasted && (inFlight >= gain * this.#product || this.#lostInRound > 0 || now - this.#phaseAt > LONGEST_PHASE)
        : lasted || (gain < 1 && inFlight <= this.#product)
    if (done) this.#enterPhase((this.#phase + 1) % CYCLE.length, now)
  }

  #enterPhase(phase: number, now: number): void {
    this.#phase = phase
    this.#phaseAt = now
  }

  #waitEmpty(inFlight: number, now: number): void {
    if (this.#emptyUntil === undefined) {
      if (inFlight > this.window) return
      this.#emptyUntil = now + EMPTY_FOR
    }
    if (now < this.#emptyUntil) return
    this.#shortestAt = now
    this.#enterProbe(now)
  }
}

/** 2 / ln 2: the smallest gain that doubles the rate each round (BBR paper). */
const STARTUP_GAIN = 2.885
/**
 * Products that may be in flight: one is under way, and the rest covers acknowledgements that come late or in bunches.
 */
const WINDOW_GAIN = 1.75
/** Gains of the probe cycle. */
const CYCLE: ReadonlyArray<number> = [1.25, 0.75, 1, 1, 1, 1, 1, 1]
/**
 * Rounds for which a measured bandwidth is believed: more than a cycle has, so that the fast phase of each cycle renews
 * it.
 */
const BANDWIDTH_ROUNDS = 10
const PLATEAU_GROWTH = 1.25
const PLATEAU_ROUNDS = 3
/** ms for which a shortest round trip is believed: routes, and the queues that other flows make, change more slowly. */
const SHORTEST_FOR = 10_000
/** ms of *empty*: one round trip of most paths, 2 % of the time. */
const EMPTY_FOR = 200
/** Product in flight while *empty*: half keeps the throughput (BBRv2), and empties a queue of one product. */
const EMPTY_SHARE = 0.5
/** ms: on a path that is shorter than the steps of timers, what is in flight has to last until the next step. */
const SHORTEST_LOOP = 5
/** ms after which a fast part ends even if the link showed no limit: the application gives too little to test it. */
const LONGEST_PHASE = 1_000
/** Packets: enough for the acknowledgement of every second one to keep a flow alive. */
const LEAST_PACKETS = 4
/** RFC 9002 §7.2. */
const INITIAL_PACKETS = 10
/** ms in which at least `LEAST_PACKETS` leave, however slow the path seemed. */
const SLOWEST_MS = 1_000
/** Bytes: 100 MB/s over 100 ms, and what the receiver's window allows. */
const MAX_WINDOW = 10 * 1024 * 1024
/** Part of a round's bytes whose loss is too much; random loss on a bad radio link stays below it. */
const TOO_MUCH_LOSS = 0.1
/** Packets of a round whose loss says nothing about a rate. */
const FEW_LOST = 3
/** Part of the window that is kept at least when a round lost too much. */
const CEILING_DROP = 0.7
/** Factor by which the ceiling grows with each round that does not lose too much. */
const CEILING_GROWTH = 1.1
