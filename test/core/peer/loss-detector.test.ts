import { describe, expect, it } from "vitest"
import { Bbr } from "../../../src/core/peer/recovery/Bbr.js"
import type { CongestionController } from "../../../src/core/peer/recovery/CongestionController.js"
import { LossDetector } from "../../../src/core/peer/recovery/LossDetector.js"
import { NewReno } from "../../../src/core/peer/recovery/NewReno.js"
import { INITIAL_RTT, RttEstimator } from "../../../src/core/peer/recovery/RttEstimator.js"
import type { SentFrame } from "../../../src/core/peer/recovery/SentFrame.js"
import { MAX_DATAGRAM } from "../../../src/protocol/DataPacket.js"

const setUp = () => {
  const lost: Array<number> = []
  const acknowledged: Array<number> = []
  /** Frames whose content came by other packets: lost, they are not sent again. */
  const arrived = new Set<number>()
  const log: Array<string> = []
  const start = (frame: SentFrame) => (frame._tag === "Stream" ? frame.start : -1)
  const controller: CongestionController = {
    window: 100 * MAX_DATAGRAM,
    rate: Number.POSITIVE_INFINITY,
    onSent: () => {},
    onSample: () => {},
    onAcked: () => log.push("acked"),
    onLost: () => log.push("lost"),
    onSpuriousLoss: () => log.push("spurious"),
    onPersistentCongestion: () => log.push("persistent")
  }
  const rtt = new RttEstimator()
  const detector = new LossDetector(
    {
      onFrameAcknowledged: (frame) => acknowledged.push(start(frame)),
      onFrameLost: (frame) => lost.push(start(frame)),
      get isWanted() {
        return lost.some((frame) => !arrived.has(frame))
      },
      onPacketAcknowledged: () => {},
      onPacketLost: () => {}
    },
    () => controller,
    rtt,
    MAX_DATAGRAM
  )
  const send = (number: number, now: number, bytes = 1_000) =>
    detector.onSent(number, bytes, [{ _tag: "Stream", stream: 0, start: number, end: number + 1 }], now)
  const ack = (numbers: ReadonlyArray<number>, now: number) =>
    detector.onAck(
      { _tag: "Ack", delay: 0, ranges: [...numbers].sort((a, b) => b - a).map((start) => ({ start, end: start + 1 })) },
      now
    )
  return { acknowledged, ack, arrived, detector, log, lost, rtt, send }
}

describe("loss detection (RFC 9002 §6)", () => {
  it("finds a packet lost when three later ones were acknowledged", () => {
    const { ack, lost, send } = setUp()
    for (let i = 0; i < 5; i++) send(i, i)
    ack([1, 2], 50)
    expect(lost).toEqual([])
    ack([3], 51)
    expect(lost).toEqual([0])
  })

  it("waits for time alone, and for as much of it as packets were late, once one that it had given up arrives", () => {
    const { ack, detector, log, lost, send } = setUp()
    for (let i = 0; i < 5; i++) send(i, i)
    ack([1, 2, 3, 4], 44)
    expect(lost).toEqual([0])
    expect(detector.counts.lost).toBe(1)
    // It comes 10 ms after it should have.
    ack([0], 50)
    expect(log.filter((entry) => entry === "spurious").length).toBe(1)
    expect(detector.counts.lost).toBe(0)
    for (let i = 10; i < 30; i++) send(i, 100 + i)
    ack(
      Array.from({ length: 19 }, (_, at) => 11 + at),
      155
    )
    expect(lost).toEqual([0])
    expect(detector.timeout).toBeCloseTo(110 + detector.smoothedRtt + 10, 0)
    detector.handleTimeout(detector.timeout!)
    expect(lost).toEqual([0, 10])
    // Acknowledged long after: nothing is remembered of it.
    ack([10], 2_000)
    expect(detector.counts.lost).toBe(1)
  })

  it("counts only tracked packets, not the numbers that probes used in between", () => {
    const { ack, lost, send } = setUp()
    send(0, 0)
    send(50, 1)
    ack([50], 51)
    expect(lost).toEqual([])
  })

  it("finds a packet lost 9/8 round trips after it was sent, once a later one was acknowledged", () => {
    const { ack, detector, lost, send } = setUp()
    send(0, 0)
    send(1, 0)
    ack([1], 80)
    expect(detector.timeout).toBeCloseTo(90)
    detector.handleTimeout(89)
    expect(lost).toEqual([])
    detector.handleTimeout(90)
    expect(lost).toEqual([0])
    expect(detector.timeout).toBeUndefined()
  })

  it("probes with what has not arrived, however much before it came by other packets", () => {
    const { arrived, detector, lost, send } = setUp()
    for (let i = 0; i < 4; i++) {
      send(i, i)
      if (i < 3) arrived.add(i)
    }
    detector.handleTimeout(detector.timeout!)
    expect(lost).toEqual([0, 1, 2, 3])
    lost.length = 0
    detector.handleTimeout(detector.timeout!)
    expect(lost).toEqual([3])
  })

  it("probes when nothing is acknowledged, ever less often, without taking it for congestion", () => {
    const { ack, detector, log, lost, send } = setUp()
    send(0, 0)
    ack([0], 40)
    send(1, 100)
    // 1.5 round trips, what the peer may hold the answer back, and a millisecond.
    expect(detector.timeout).toBeCloseTo(100 + 60 + 25 + 1)
    let now = detector.timeout!
    detector.handleTimeout(now)
    expect(lost).toEqual([1])
    const gaps: Array<number> = []
    for (let i = 0; i < 4; i++) {
      gaps.push(detector.timeout! - now)
      now = detector.timeout!
      detector.handleTimeout(now)
    }
    for (let i = 1; i < 4; i++) expect(gaps[i]!).toBeCloseTo(2 * gaps[i - 1]!)
    expect(log).toEqual(["acked"])
    expect(detector.maySend(now)).toBe(true)
  })

  it("sends one spare copy of a lone small packet, unless it is acknowledged first", () => {
    const { ack, detector, lost, send } = setUp()
    send(0, 0, 100)
    ack([0], 10)
    expect(detector.timeout).toBeUndefined()
    send(1, 100, 100)
    expect(detector.timeout).toBe(115)
    detector.handleTimeout(115)
    expect(lost).toEqual([1])
    send(2, 115, 100)
    expect(detector.timeout).toBeGreaterThan(116)
    for (let i = 3; i < 10; i++) send(i, 116, 100)
    expect(detector.timeout).toBeGreaterThan(131)
  })

  it("handles huge ranges in the time of what is outstanding", () => {
    const { acknowledged, detector, send } = setUp()
    for (let i = 0; i < 10; i++) send(i * 1_000_000, i)
    const huge = [{ start: 0, end: 9_000_001 }]
    detector.onAck({ _tag: "Ack", delay: 0, ranges: huge }, 100)
    expect(acknowledged).toHaveLength(10)
  })

  it("reports persistent congestion when a long run of packets was lost", () => {
    const { ack, log, send } = setUp()
    send(0, 0)
    ack([0], 40)
    for (let i = 1; i < 20; i++) send(i, 100 * i)
    ack([19], 1_940)
    expect(log).toContain("persistent")
    expect(log.filter((entry) => entry === "persistent")).toHaveLength(1)
  })

  it("forgets the window and the round trip of a path that is left", () => {
    const { ack, detector, log, lost, rtt, send } = setUp()
    for (let i = 0; i < 4; i++) send(i, 0)
    const next = new RttEstimator()
    detector.changePath(next, MAX_DATAGRAM)
    ack([3], 10)
    expect(lost).toEqual([0])
    expect(log).toEqual([])
    expect(rtt.sampled || next.sampled).toBe(false)
  })
})

describe("the round-trip estimator (RFC 9002 §5)", () => {
  it("starts from a guess, takes the first sample as it is, then smooths", () => {
    const rtt = new RttEstimator()
    expect(rtt.smoothed).toBe(INITIAL_RTT)
    rtt.guess(100)
    expect(rtt.smoothed).toBe(100)
    rtt.update(50, 0, 0)
    expect(rtt.smoothed).toBe(50)
    rtt.guess(100)
    rtt.update(66, 0, 100)
    expect(rtt.smoothed).toBeCloseTo(52)
    // Held back for 10 ms by the peer, which says so.
    rtt.update(62, 10, 200)
    expect(rtt.smoothed).toBeCloseTo(52)
    // More delay than the peer may add, or than the minimum allows, is not believed.
    rtt.update(52, 1_000, 300)
    expect(rtt.smoothed).toBeCloseTo(52)
  })
})

describe("a path whose packets are larger than the initial window", () => {
  for (const [name, controller] of [
    ["NewReno", new NewReno()],
    ["BBR", new Bbr(0)]
  ] as const)
    it(`carries one of them at a time in the beginning: ${name}`, () => {
      const sink = {
        onFrameAcknowledged: () => {},
        onFrameLost: () => {},
        isWanted: true,
        onPacketAcknowledged: () => {},
        onPacketLost: () => {}
      }
      const detector = new LossDetector(sink, () => controller, new RttEstimator(), MAX_DATAGRAM)
      detector.changePath(new RttEstimator(), 16_384)
      expect(16_384).toBeGreaterThan(controller.window)
      expect(detector.maySend(0)).toBe(true)
      detector.onSent(0, 16_384, [{ _tag: "Stream", stream: 0, start: 0, end: 1 }], 0)
      expect(detector.maySend(0)).toBe(false)
      detector.onAck({ _tag: "Ack", delay: 0, ranges: [{ start: 0, end: 1 }] }, 1)
      expect(detector.maySend(1)).toBe(true)
    })
})

describe("NewReno (RFC 9002 §7)", () => {
  it("doubles in slow start, halves once for each round with loss, then grows by a packet a round", () => {
    const reno = new NewReno()
    const initial = reno.window
    expect(initial).toBe(12_000)
    for (let i = 0; i < 10; i++) reno.onAcked(1_200, 0, true)
    expect(reno.window).toBe(2 * initial)
    reno.onLost(1_200, 10, 100)
    reno.onLost(1_200, 50, 110)
    expect(reno.window).toBe(initial)
    reno.onAcked(1_200, 90, true)
    expect(reno.window).toBe(initial)
    for (let i = 0; i < 10; i++) reno.onAcked(1_200, 120, true)
    expect(reno.window).toBeGreaterThan(initial + 1_100)
    expect(reno.window).toBeLessThan(initial + 1_300)
    reno.onPersistentCongestion()
    expect(reno.window).toBe(2_400)
  })

  it("does not grow while the application sends less than the window", () => {
    const reno = new NewReno()
    reno.onAcked(1_200, 0, false)
    expect(reno.window).toBe(12_000)
  })
})
