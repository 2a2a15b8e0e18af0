import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { AddressGate, MAX_SOURCES } from "../../../src/core/rendezvous/AddressGate.js"
import { Expiry } from "../../../src/core/support/Expiry.js"
import { TokenBucket } from "../../../src/core/support/TokenBucket.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { some } from "../../support/Effort.js"

describe("a token bucket", () => {
  test("never gives more than its burst and what time brings, and says truly when the next token comes", () => {
    const rates = fc.record({ burst: fc.integer({ min: 1, max: 20 }), perSecond: fc.integer({ min: 1, max: 50 }) })
    fc.assert(
      fc.property(rates, fc.array(fc.nat({ max: 500 }), { maxLength: 200 }), (rate, pauses) => {
        const bucket = new TokenBucket(rate, 0)
        let now = 0
        let taken = 0
        for (const pause of pauses) {
          now += pause
          const wait = bucket.take(now)
          if (wait === 0) {
            taken++
            expect(taken).toBeLessThanOrEqual(rate.burst + (now / 1000) * rate.perSecond + 1e-6)
          } else {
            expect(wait).toBeGreaterThanOrEqual(1)
            expect(wait).toBeLessThanOrEqual(Math.ceil(1000 / rate.perSecond))
            now += wait
            expect(bucket.take(now)).toBe(0)
            taken++
          }
        }
      }),
      // Enough to meet the fractions that do not add up.
      { numRuns: some(3000) }
    )
  })

  test("is full again after a while", () => {
    const bucket = new TokenBucket({ burst: 2, perSecond: 1 }, 0)
    bucket.take(0)
    expect(bucket.isFull(999)).toBe(false)
    expect(bucket.isFull(1000)).toBe(true)
  })
})

describe("an address gate", () => {
  const from = (address: string) => Endpoint.make(address, 1)!
  const limits = { connections: 2, rate: { burst: 3, perSecond: 1 } }

  test("keeps to what its model allows, for every source", () => {
    const sources = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"]
    const step = fc.record({ source: fc.constantFrom(...sources), leave: fc.boolean(), pause: fc.nat({ max: 800 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const gate = new AddressGate(limits)
        const model = new Map<string, { open: number; bucket: TokenBucket }>()
        let now = 0
        for (const { source, leave, pause } of steps) {
          now += pause
          const key = source === "2001:db8::2" ? "2001:db8::1" : source
          const known = model.get(key) ?? { open: 0, bucket: new TokenBucket(limits.rate, now) }
          model.set(key, known)
          if (leave) {
            if (known.open === 0) continue
            known.open--
            gate.leave(from(source))
          } else {
            const allowed = known.open < limits.connections && known.bucket.take(now) === 0
            expect(gate.enter(from(source), now)).toBe(allowed)
            if (allowed) known.open++
          }
        }
      })
    )
  })

  test("lets loopback addresses through", () => {
    const gate = new AddressGate(limits)
    for (let i = 0; i < 100; i++) {
      expect(gate.enter(from("127.0.0.1"), 0)).toBe(true)
      expect(gate.enter(from("::1"), 0)).toBe(true)
    }
    expect(gate.size).toBe(0)
  })

  test("remembers a bounded number of addresses, and forgets the harmless ones first", () => {
    const gate = new AddressGate(limits)
    const address = (i: number) => from(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
    for (let i = 0; i < MAX_SOURCES; i++) {
      expect(gate.enter(address(i), 0)).toBe(true)
      if (i > 0) gate.leave(address(i))
    }
    expect(gate.enter(from("192.0.2.1"), 0)).toBe(false)
    expect(gate.enter(from("192.0.2.1"), 3000)).toBe(true)
    expect(gate.size).toBe(2)
  })
})

test("an expiry gives back what has ended, in order, and only that", () => {
  const step = fc.record({ key: fc.nat({ max: 5 }), remove: fc.boolean(), pause: fc.nat({ max: 60 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const expiry = new Expiry<number>(100)
      const model = new Map<number, number>()
      let now = 0
      for (const { key, remove, pause } of steps) {
        now += pause
        for (let ended = expiry.take(now); ended !== undefined; ended = expiry.take(now)) {
          expect(model.get(ended)).toBe(Math.min(...model.values()))
          expect(model.get(ended)).toBeLessThanOrEqual(now)
          model.delete(ended)
        }
        expect([...model.values()].every((at) => at > now)).toBe(true)
        if (remove) {
          expiry.delete(key)
          model.delete(key)
        } else {
          expiry.set(key, now)
          model.set(key, now + 100)
        }
        expect(expiry.next()).toBe(model.size === 0 ? undefined : Math.min(...model.values()))
      }
    })
  )
})
