import * as Effect from "effect/Effect"
import { Nat, Sim, sweep } from "parley-chat/sim"
import { simTest } from "parley-chat/sim/vitest"
import { expect, it } from "vitest"
import { courier, mailbox } from "./Courier.js"

const TEXTS = ["one", "two", "three", "four", "five"]

// The tutorial of docs/simulation.md, word for word.
simTest("the courier delivers everything", { seeds: 50, link: { latencyMs: 40, loss: 0.05 } }, function* () {
  const sim = yield* Sim
  const got: Array<string> = []
  const home = yield* sim.host(
    "mailbox",
    {},
    mailbox((text) => got.push(text))
  )
  yield* sim.host("courier", { nat: Nat.portRestricted }, courier(home.address(), TEXTS))
  yield* sim.swarm({ withinMs: 20_000, kinds: ["loss", "burst", "partition", "reorder", "duplicate", "pause"] })
  yield* Effect.sleep("20 seconds")
  yield* sim.quiesce
  yield* sim.eventually("all texts arrive", () => got.length >= TEXTS.length, "1 minute")
  expect(got).toEqual(TEXTS)
})

it("a courier that gives up is found, with the fault that it takes", async () => {
  const scenario = Effect.gen(function* () {
    const sim = yield* Sim
    const got: Array<string> = []
    const home = yield* sim.host(
      "mailbox",
      {},
      mailbox((text) => got.push(text))
    )
    yield* sim.host("courier", { nat: Nat.portRestricted }, courier(home.address(), TEXTS, 3))
    yield* sim.swarm({ withinMs: 20_000, kinds: ["loss", "burst", "partition", "reorder", "duplicate", "pause"] })
    yield* Effect.sleep("20 seconds")
    yield* sim.quiesce
    yield* sim.eventually("all texts arrive", () => got.length >= TEXTS.length, "1 minute")
    expect(got).toEqual(TEXTS)
  })
  const { failure, runs } = await sweep({ seeds: 50, link: { latencyMs: 40, loss: 0.05 } }, scenario)
  expect(runs).toBeLessThan(20)
  expect(failure?.faults).toHaveLength(1)
  expect(failure?.message).toContain("all texts arrive did not come about within 1m")
})
