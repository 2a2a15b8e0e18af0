import * as fc from "fast-check"
import { expect, test } from "vitest"
import { DeadlineWheel, SLOT_MS, type Timed } from "../../../src/core/support/DeadlineWheel.js"
import { some } from "../../support/Effort.js"

class Item implements Timed {
  deadline: number | undefined
  readonly rings: Array<{ readonly at: number; readonly deadline: number }> = []

  pollTimeout() {
    return this.deadline
  }

  handleTimeout(now: number) {
    this.rings.push({ at: now, deadline: this.deadline! })
    this.deadline = undefined
  }
}

const step = fc.record({
  item: fc.nat({ max: 4 }),
  action: fc.constantFrom("earlier", "later", "remove", "wait", "wait"),
  ms: fc.nat({ max: 400 })
})

test("every deadline is met, never early, at most a slot late, and moving it later needs no word", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const wheel = new DeadlineWheel<Item>()
      const items = Array.from({ length: 5 }, () => new Item())
      const removed = new Set<Item>()
      let now = 0
      /** As the alarm does: rings at each `pollTimeout` on the way. */
      const wait = (until: number) => {
        for (let at = wheel.pollTimeout(); at !== undefined && at <= until; at = wheel.pollTimeout()) {
          now = Math.max(now, at)
          wheel.handleTimeout(now)
        }
        now = until
      }
      for (const { item: index, action, ms } of steps) {
        const item = items[index]!
        switch (action) {
          case "earlier":
            removed.delete(item)
            item.deadline = now + ms
            wheel.schedule(item)
            break
          case "later":
            if (item.deadline !== undefined) item.deadline += ms
            break
          case "remove":
            removed.add(item)
            wheel.remove(item)
            break
          case "wait":
            wait(now + ms)
            for (const one of items) {
              if (one.deadline !== undefined && !removed.has(one)) expect(one.deadline).toBeGreaterThan(now - SLOT_MS)
            }
        }
      }
      wait(now + 100_000)
      for (const item of items) {
        if (!removed.has(item)) expect(item.deadline).toBeUndefined()
        for (const { at, deadline } of item.rings) {
          expect(at).toBeGreaterThanOrEqual(deadline)
          expect(at).toBeLessThan(deadline + SLOT_MS)
        }
      }
      if (removed.size === 0) expect(wheel.pollTimeout()).toBeUndefined()
    }),
    { numRuns: some(500) }
  )
})

test("a crowd that is due at one time is told in several calls, each as soon as the last one is over", () => {
  const wheel = new DeadlineWheel<Item>()
  const items = Array.from({ length: 1_000 }, () => new Item())
  for (const item of items) {
    item.deadline = 100
    wheel.schedule(item)
  }
  const told = () => items.filter(({ rings }) => rings.length > 0).length
  for (let round = 1; round <= 10; round++) {
    expect(wheel.pollTimeout()).toBe(100)
    wheel.handleTimeout(100 + round, 100)
    expect(told()).toBe(100 * round)
  }
  expect(wheel.pollTimeout()).toBeUndefined()
})
