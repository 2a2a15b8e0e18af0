import { expect, it } from "vitest"
import { draw, harmless } from "../../../src/sim/faults/Swarm.js"
import { Rng } from "../../../src/sim/kernel/Rng.js"

const population = { hosts: ["a", "b", "c"], routers: ["a/router"] }
const options = { withinMs: 60_000 }
const plans = Array.from({ length: 200 }, (_, seed) => draw(new Rng(seed), options, population))

it("leaves each kind out of about half of all runs", () => {
  for (const kind of harmless) {
    const share = plans.filter((plan) => plan.some(({ fault }) => fault.kind === kind)).length / plans.length
    expect(share).toBeGreaterThan(0.35)
    expect(share).toBeLessThan(0.65)
  }
})

it("ends every fault in time, and numbers them", () => {
  for (const plan of plans) {
    for (const { atMs, forMs } of plan) expect(atMs + forMs).toBeLessThanOrEqual(options.withinMs)
    expect(new Set(plan.map(({ id }) => id)).size).toBe(plan.length)
  }
})

it("draws a kind the same whatever else may be drawn", () => {
  const alone = draw(new Rng(4), { ...options, kinds: ["loss"] }, population).map(({ fault }) => fault)
  const among = draw(new Rng(4), options, population).filter(({ fault }) => fault.kind === "loss")
  expect(alone.length).toBeGreaterThan(0)
  expect(among.map(({ fault }) => fault)).toEqual(alone)
})
