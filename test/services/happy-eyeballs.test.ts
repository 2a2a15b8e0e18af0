import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ATTEMPT_DELAY_MS, HappyEyeballs } from "../../src/services/HappyEyeballs.js"
import { some } from "../support/Effort.js"

const familyOf = (address: string) => (address.startsWith("6") ? "ipv6" : "ipv4")
const triesOf = (order: HappyEyeballs<string>, now: number) => {
  const tries: Array<string> = []
  for (let next = order.pollTry(now); next !== undefined; next = order.pollTry(now)) tries.push(next)
  return tries
}

describe("the order in which addresses are tried", () => {
  it("begins with the system's choice, alternates families, and waits a quarter of a second between tries", () => {
    const order = new HappyEyeballs(["6a", "6b", "6c", "4a", "4b"], familyOf)
    const seen: Array<[number, ReadonlyArray<string>]> = []
    for (let now = 1000; order.pollTimeout() !== undefined; now = Math.max(now + 1, order.pollTimeout() ?? now))
      seen.push([now, triesOf(order, now)])
    expect(seen).toEqual(["6a", "4a", "6b", "4b", "6c"].map((address, at) => [1000 + at * 250, [address]]))
  })

  it("tries the next one at once when one has failed, and is over when all have", () => {
    const order = new HappyEyeballs(["4a", "6a"], familyOf)
    expect(triesOf(order, 0)).toEqual(["4a"])
    expect(triesOf(order, 10)).toEqual([])
    order.handleFailure()
    expect(order.isOver).toBe(false)
    expect(triesOf(order, 10)).toEqual(["6a"])
    expect(order.pollTimeout()).toBeUndefined()
    expect(order.isOver).toBe(false)
    order.handleFailure()
    expect(order.isOver).toBe(true)
    expect(new HappyEyeballs([], familyOf).isOver).toBe(true)
  })

  it("tries each address once, whatever fails, and never two within the delay unless one failed", () => {
    const addresses = fc.uniqueArray(fc.tuple(fc.constantFrom("4", "6"), fc.nat(99)).map(([f, n]) => f + n))
    fc.assert(
      fc.property(addresses, fc.array(fc.tuple(fc.nat(400), fc.boolean()), { maxLength: 60 }), (all, steps) => {
        const order = new HappyEyeballs(all, familyOf)
        const tried: Array<string> = []
        let now = 0
        let last = Number.NEGATIVE_INFINITY
        let failed = false
        for (const [ms, fails] of steps) {
          now += ms
          const tries = triesOf(order, now)
          expect(tries.length).toBeLessThanOrEqual(1)
          if (tries.length > 0) {
            expect(failed || now - last >= ATTEMPT_DELAY_MS).toBe(true)
            last = now
            failed = false
          }
          tried.push(...tries)
          if (fails && tried.length > 0 && !order.isOver) {
            order.handleFailure()
            failed = true
          }
          if (order.isOver) break
        }
        expect(new Set(tried).size).toBe(tried.length)
        expect(all).toEqual(expect.arrayContaining(tried))
      }),
      { numRuns: some(300) }
    )
  })
})
