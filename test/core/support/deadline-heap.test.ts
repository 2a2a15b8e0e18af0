import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { DeadlineHeap } from "../../../src/core/support/DeadlineHeap.js"
import { RecentIds } from "../../../src/core/support/RecentIds.js"

describe("deadlines", () => {
  it("are kept as a plain map would keep them", () => {
    const step = fc.record({
      item: fc.integer({ min: 0, max: 20 }),
      at: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(Number.POSITIVE_INFINITY)),
      drop: fc.boolean()
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 0, max: 50 }), (steps, now) => {
        const heap = new DeadlineHeap<number>()
        const model = new Map<number, number>()
        for (const { at, drop, item } of steps) {
          if (drop) {
            heap.delete(item)
            model.delete(item)
          } else {
            heap.set(item, at)
            model.set(item, at)
          }
          expect(heap.next).toBe(Math.min(Number.POSITIVE_INFINITY, ...model.values()))
        }
        const due = [...model].filter(([, at]) => at <= now).map(([item]) => item)
        expect([...heap.due(now)].sort((a, b) => a - b)).toEqual(due.sort((a, b) => a - b))
        expect(heap.size).toBe([...model.values()].filter(Number.isFinite).length)
      })
    )
  })
})

describe("recent ids", () => {
  it("are the last ones, and no others", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.uniqueArray(fc.string(), { maxLength: 40 }), (capacity, ids) => {
        const recent = new RecentIds(capacity)
        for (const [i, id] of ids.entries()) {
          expect(recent.has(id)).toBe(false)
          recent.add(id)
          const kept = ids.slice(Math.max(0, i + 1 - capacity), i + 1)
          expect(ids.filter((each) => recent.has(each))).toEqual(kept)
        }
      })
    )
  })
})
