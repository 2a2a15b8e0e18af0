import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { AddressBudget, costOf, FREE, HANDSHAKES } from "../../../../src/core/peer/path/AddressBudget.js"
import type { Standing } from "../../../../src/core/peer/Route.js"
import * as Endpoint from "../../../../src/domain/Endpoint.js"
import { some } from "../../../support/Effort.js"
import { direct } from "../Pair.js"

const HOUR = 3_600_000

const at = (text: string) => Endpoint.parse(text)!
const packet = (to: string, bytes: number, standing?: Standing) => ({
  route: direct(to),
  data: new Uint8Array(bytes),
  ...(standing && { standing })
})

/** Sends packets of so many bytes as long as they may leave; the bytes on the wire. */
const drain = (budget: AddressBudget, to: string, bytes: number, now: number): number => {
  let sent = 0
  while (budget.charge(packet(to, bytes, "named"), now)) sent += costOf(at(to), bytes)
  return sent
}

describe("the budget of an address", () => {
  it("lets nothing go to an address that only packets say they come from, but for what came", () => {
    const budget = new AddressBudget()
    expect(budget.charge(packet("192.0.2.1:1", 1), 0)).toBe(false)
    budget.onHeard(at("192.0.2.1:1"), 100, 0)
    expect(budget.room(at("192.0.2.1:1"))).toBe(300)
    expect(budget.charge(packet("192.0.2.1:1", 301), 0)).toBe(false)
    expect(budget.charge(packet("192.0.2.1:1", 300), 0)).toBe(true)
    expect(budget.charge(packet("192.0.2.1:1", 1), 0)).toBe(false)
    expect(budget.charge(packet("192.0.2.1:1", 100_000, "proven"), 0)).toBe(true)
  })

  it("is three times what came at most, with headers and without, whatever the packets", () => {
    const step = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 1_200 }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const budget = new AddressBudget()
        const sum = { in: 0, inWire: 0, out: 0, outWire: 0 }
        for (const [comes, bytes] of steps) {
          if (comes) {
            budget.onHeard(at("192.0.2.1:1"), bytes, 0)
            sum.in += bytes
            sum.inWire += bytes + 28
          } else if (budget.charge(packet("192.0.2.1:2", bytes), 0)) {
            sum.out += bytes
            sum.outWire += bytes + 28
          }
          expect(sum.out).toBeLessThanOrEqual(3 * sum.in)
          expect(sum.outWire).toBeLessThanOrEqual(3 * sum.inWire)
        }
      }),
      { numRuns: some(500) }
    )
  })

  it("is 4 KiB unasked and 4 KiB more in an hour, over all ports, the last of it for small packets alone", () => {
    const budget = new AddressBudget()
    const large = drain(budget, "192.0.2.1:1", 366, 0) - 3 * 394
    expect(large).toBe(7 * 394)
    const small = drain(budget, "192.0.2.1:2", 38, 0)
    expect(large + small).toBeLessThanOrEqual(FREE)
    expect(large + small).toBeGreaterThan(FREE - 66)
    let more = 0
    for (let now = 0; now <= HOUR; now += 1_000) more += drain(budget, `192.0.2.1:${3 + now}`.slice(0, 14), 38, now)
    expect(more).toBeLessThanOrEqual(FREE + 66)
    expect(more).toBeGreaterThan(FREE - 200)
  })

  it("has a handshake packet for each 50 s when all else is used up, and nothing else", () => {
    const budget = new AddressBudget()
    drain(budget, "192.0.2.1:1", 366, 0)
    drain(budget, "192.0.2.1:1", 38, 0)
    let sent = 0
    for (let now = 0; now <= 600_000; now += 1_000) {
      const bytes = drain(budget, "192.0.2.1:2", 366, now)
      if (now > 0 && now < 49_000) expect(bytes === 0 || bytes === 394).toBe(true)
      sent += bytes
    }
    expect(sent).toBeGreaterThan(600 * HANDSHAKES.perSecond - 394)
    expect(sent).toBeLessThanOrEqual(HANDSHAKES.burst + 600 * HANDSHAKES.perSecond + FREE / 6)
  })

  it("is four times that for all addresses of a network", () => {
    for (const name of [(i: number) => `192.0.2.${i}:1`, (i: number) => `[2001:db8::${i.toString(16)}]:1`]) {
      const budget = new AddressBudget()
      let sent = 0
      for (let i = 0; i < 200; i++) sent += drain(budget, name(i), 38, 0)
      expect(sent).toBeLessThanOrEqual(4 * FREE)
      expect(sent).toBeGreaterThan(4 * FREE - 200)
    }
  })

  it("gives back what went to an endpoint that proves itself, and nothing of what went to others beside it", () => {
    const budget = new AddressBudget()
    for (let i = 0; i < 100; i++) {
      expect(budget.charge(packet("192.0.2.1:1", 366, "named"), 0)).toBe(true)
      budget.onProven(at("192.0.2.1:1"))
    }
    drain(budget, "192.0.2.1:2", 38, 0)
    budget.onProven(at("192.0.2.1:1"))
    budget.onProven(at("192.0.2.1:3"))
    expect(drain(budget, "192.0.2.1:4", 38, 0)).toBe(0)
    budget.onProven(at("192.0.2.1:2"))
    expect(drain(budget, "192.0.2.1:4", 38, 0)).toBeGreaterThan(FREE - 200)
  })

  it("is remembered for thousands of addresses, and takes no more memory than that", () => {
    const budget = new AddressBudget()
    drain(budget, "192.0.2.1:1", 38, 0)
    const name = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1`
    for (let i = 0; i < 4_000; i++) budget.charge(packet(name(i * 256), 38, "named"), 0)
    expect(drain(budget, "192.0.2.1:1", 38, 0)).toBe(0)
  })
})
