import process from "node:process"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { LinkedMap } from "../../../src/core/support/LinkedMap.js"

test("a linked map is a map in the order of setting", () => {
  const step = fc.record({ key: fc.nat({ max: 5 }), remove: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = new LinkedMap<number, number>()
      const model = new Map<number, number>()
      for (const [i, { key, remove }] of steps.entries()) {
        const had = model.delete(key)
        if (remove) expect(map.delete(key)).toBe(had)
        else {
          map.set(key, i)
          model.set(key, i)
        }
        expect([...map]).toEqual([...model])
        expect(map.size).toBe(model.size)
        expect(map.get(key)).toBe(model.get(key))
        expect(map.has(key)).toBe(model.has(key))
        const [oldest] = model
        expect(map.oldest()?.key).toBe(oldest?.[0])
      }
    })
  )
})

test("its oldest entry costs the same however many there are", () => {
  /** µs of the processor, since others may be at work on it; all of it, as the kernel divides it by guessing. */
  const cost = (count: number) => {
    const map = new LinkedMap<number, number>()
    for (let i = 0; i < count; i++) map.set(i, i)
    let looked = 0
    const begun = process.cpuUsage()
    // Sessions that renew: each goes to the end, and the first is asked for after each.
    for (let i = 0; i < ROUNDS; i++) {
      map.set(i % count, i)
      looked += map.oldest()!.value
    }
    const { system, user } = process.cpuUsage(begun)
    expect(looked).toBeGreaterThan(0)
    return system + user
  }
  cost(1_000)
  const [few, many] = [1_000, 20_000].map((count) => Math.min(cost(count), cost(count), cost(count)))
  expect(many! / few!).toBeLessThan(12)
})

/** As many as show it: a plain `Map` needs thirty times as long with the larger number, and six times for a fifth. */
const ROUNDS = 100_000
