import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { RelayAllowance } from "../../../../src/core/peer/path/RelayAllowance.js"
import { TokenBucket } from "../../../../src/core/support/TokenBucket.js"
import { some } from "../../../support/Effort.js"

const FULL = 1_200
/** What the server takes for a packet. */
const cost = (bytes: number) => bytes + 64

describe("what a relay will carry", () => {
  it("is used to the full, and never beyond what the server takes, however packets bunch up on the way", () => {
    const rates = fc.record({
      burst: fc.integer({ min: 32_768, max: 1_048_576 }),
      perSecond: fc.integer({ min: 8_192, max: 1_048_576 })
    })
    const steps = fc.array(fc.tuple(fc.nat(200), fc.nat(40), fc.nat(100)), { maxLength: 200 })
    fc.assert(
      fc.property(rates, steps, (rate, steps) => {
        const ours = new RelayAllowance(rate, 0)
        const server = new TokenBucket(rate, 0)
        // Packets that are held back come together: as many as the part of the burst that is kept free for them.
        const spare = rate.burst / 8
        let [now, arrivedAt, held] = [0, 0, 0]
        for (const [ms, wanted, hold] of steps) {
          now += ms
          for (let at = 0; at < wanted && ours.readyAt(now) <= now; at++) {
            ours.onSent(FULL, now)
            held += cost(FULL)
            const late = Math.min(hold, ((spare - held) / rate.perSecond) * 1000)
            arrivedAt = Math.max(arrivedAt, now, late > 0 ? now + late : now)
            expect(server.take(arrivedAt, cost(FULL))).toBe(0)
          }
          held = 0
        }
      }),
      { numRuns: some(200) }
    )
  })

  it("is 0.99 of the rate in the long run", () => {
    const ours = new RelayAllowance({ burst: 65_536, perSecond: 65_536 }, 0)
    let bytes = 0
    for (let now = 0; now <= 60_000; now = Math.max(now + 1, ours.readyAt(now)))
      for (; ours.readyAt(now) <= now; bytes += cost(FULL)) ours.onSent(FULL, now)
    expect(bytes / (60 * 65_536 + 65_536)).toBeGreaterThan(0.98)
    expect(bytes / (60 * 65_536 + 65_536)).toBeLessThan(1)
  })

  it("leaves room for what is said when copies of a file are made", () => {
    const ours = new RelayAllowance({ burst: 65_536, perSecond: 65_536 }, 0)
    let copies = 0
    for (; ours.mayCopy(FULL, 0); copies++) ours.onSent(FULL, 0)
    expect(copies).toBe(Math.floor((65_536 * 7) / 16 / cost(FULL)))
    expect(ours.mayCopy(200, 0)).toBe(true)
    expect(ours.readyAt(0)).toBe(0)
  })
})
