import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { DeliveryRate } from "../../../src/core/peer/recovery/DeliveryRate.js"
import { Pacer } from "../../../src/core/peer/recovery/Pacer.js"
import { WindowedMax } from "../../../src/core/peer/recovery/WindowedMax.js"

describe("the pacer", () => {
  it("lets ten packets go at once, then as many as the rate says", () => {
    const pacer = new Pacer()
    const send = (now: number) => {
      let count = 0
      while (pacer.mayLeave(120, 1_200, false, now)) {
        pacer.onSent(1_200)
        count++
      }
      return count
    }
    expect(send(0)).toBe(10)
    expect(pacer.nextAt(120)).toBeGreaterThan(0)
    expect(pacer.nextAt(120)).toBeLessThan(1)
    expect(send(pacer.nextAt(120))).toBe(1)
    let sent = 0
    for (let now = 20; now < 1_020; now++) sent += send(now)
    expect(sent).toBeGreaterThanOrEqual(99)
    expect(sent).toBeLessThanOrEqual(111)
  })

  it("never holds back a packet that would be alone, and forgets what the rate would have said of it", () => {
    const pacer = new Pacer()
    for (let now = 0; now < 100; now += 0.1) {
      expect(pacer.mayLeave(1, 1_200, true, now)).toBe(true)
      pacer.onSent(1_200)
    }
    expect(pacer.mayLeave(1, 1_200, false, 101)).toBe(true)
  })

  it("names a later time whenever it holds back, however fast the path and however great the time", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e15, noNaN: true }), fc.nat(20), (rate, more) => {
        const now = 1_767_225_600_141.7
        const pacer = new Pacer()
        for (let i = 0; i < 10 + more; i++) pacer.onSent(1_200)
        pacer.mayLeave(1, 1_200, false, now)
        pacer.onSent(1_200 * 11)
        if (!pacer.mayLeave(rate, 1_200, false, now)) expect(pacer.nextAt(rate)).toBeGreaterThan(now)
      })
    )
  })

  it("holds nothing back when there is no rate", () => {
    const pacer = new Pacer()
    for (let i = 0; i < 100; i++) {
      expect(pacer.mayLeave(Number.POSITIVE_INFINITY, 1_200, false, 5)).toBe(true)
      pacer.onSent(1_200)
    }
    expect(pacer.nextAt(Number.POSITIVE_INFINITY)).toBeLessThanOrEqual(5)
  })
})

describe("the delivery rate", () => {
  it("is that of the link, whatever bursts the data and the acknowledgements come in", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }), (burst, bunch) => {
        const rate = new DeliveryRate()
        // A link that takes 1 ms for each packet of 1,000 bytes, and 50 ms to answer.
        let linkFree = 0
        const packets = Array.from({ length: 600 }, (_, i) => {
          const sentAt = Math.floor(i / burst) * burst
          linkFree = Math.max(linkFree, sentAt) + 1
          return { sentAt, ackedAt: linkFree + 50 }
        })
        const events = packets
          .map(({ ackedAt, sentAt }, i) => {
            const last = Math.min(packets.length - 1, Math.floor(i / bunch) * bunch + bunch - 1)
            return { sentAt, ackedAt: Math.max(ackedAt, packets[last]!.ackedAt), i }
          })
          .flatMap(({ ackedAt, i, sentAt }) => [
            { at: sentAt, kind: 0, i },
            { at: ackedAt, kind: 1, i }
          ])
          .sort((a, b) => a.at - b.at || a.kind - b.kind || a.i - b.i)
        const stamps = new Map<number, ReturnType<DeliveryRate["stamp"]>>()
        let inFlight = 0
        let best = 0
        for (const [index, { at, i, kind }] of events.entries()) {
          if (kind === 0) {
            stamps.set(i, rate.stamp(inFlight, at))
            inFlight += 1_000
            continue
          }
          rate.onAcked(stamps.get(i)!, 1_000, packets[i]!.sentAt, at)
          inFlight -= 1_000
          if (events[index + 1]?.at === at && events[index + 1]?.kind === 1) continue
          best = Math.max(best, rate.take(0)?.rate ?? 0)
        }
        // One bunch of acknowledgements may count to one side of a measurement.
        expect(best).toBeGreaterThanOrEqual(900)
        expect(best).toBeLessThanOrEqual(1_000 * (1 + bunch / 50) + 1)
      }),
      { numRuns: 50 }
    )
  })
})

describe("the greatest value of the last rounds", () => {
  it("is never below the greatest of the window that came as the last of its kind, nor one that left it", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 60 }), (values) => {
        const windowed = new WindowedMax(10)
        for (const [round, value] of values.entries()) {
          windowed.update(value, round)
          const window = values.slice(Math.max(0, round - 10), round + 1)
          expect(windowed.value).toBeLessThanOrEqual(Math.max(...window))
          expect(windowed.value).toBeGreaterThanOrEqual(value)
        }
      })
    )
  })
})
