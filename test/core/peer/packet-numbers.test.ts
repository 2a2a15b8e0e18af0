import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { mulberry32 } from "../../../scenarios/support/Random.js"
import { PacketNumbers } from "../../../src/core/peer/recovery/PacketNumbers.js"
import { some } from "../../support/Effort.js"

const make = (seed: number) => {
  const random = mulberry32(seed)
  return new PacketNumbers((length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)))
}

const ack = (ranges: ReadonlyArray<{ readonly start: number; readonly end: number }>) =>
  ({ _tag: "Ack", delay: 0, ranges }) as const

describe("packet numbers", () => {
  it("ascend, and leave out one of each 128 at a place that differs", () => {
    const places = new Set<number>()
    for (let seed = 0; seed < 50; seed++) {
      const numbers = make(seed)
      const taken = Array.from({ length: 127 * 20 }, () => numbers.take())
      const gaps = taken.flatMap((number, i) => (number === (taken[i - 1] ?? -1) + 1 ? [] : [number - 1]))
      expect(gaps.map((gap) => Math.floor(gap / 128))).toEqual(Array.from({ length: 20 }, (_, block) => block))
      for (const gap of gaps) places.add(gap % 128)
    }
    expect(places.size).toBeGreaterThan(100)
  })

  it("tell an acknowledgement of what was sent from one that is made up", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 5_000 }),
        fc.uniqueArray(fc.nat(6_000), { minLength: 1, maxLength: 30 }),
        (seed, count, claimed) => {
          const numbers = make(seed)
          const sent = new Set(Array.from({ length: count }, () => numbers.take()))
          const ranges = claimed.sort((a, b) => b - a).map((start) => ({ start, end: start + 1 }))
          expect(numbers.areSent(ack(ranges))).toBe(claimed.every((number) => sent.has(number)))
          const last = Math.max(...sent)
          const low = Math.max(0, last - claimed[0]!)
          const all = Array.from({ length: last + 1 - low }, (_, i) => low + i).every((number) => sent.has(number))
          expect(numbers.areSent(ack([{ start: low, end: last + 1 }]))).toBe(all)
        }
      ),
      { numRuns: some(500) }
    )
  })

  it("find out within 256 of them who acknowledges whatever may have been sent", () => {
    for (let seed = 0; seed < 20; seed++) {
      const numbers = make(seed)
      for (let i = 0; i < seed; i++) numbers.take()
      const from = numbers.take() + 1
      let found = false
      for (let i = 0; i < 256 && !found; i++) {
        const end = numbers.take() + 1
        found = !numbers.areSent(ack([{ start: from, end }]))
      }
      expect(found).toBe(true)
    }
  })
})
