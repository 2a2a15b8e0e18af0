import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { describe, expect, it } from "vitest"
import { sink } from "../../../scenarios/support/Programs.js"
import { Dialer } from "../../../src/services/Dialer.js"
import { run } from "../../../src/sim/Run.js"
import { Sim } from "../../../src/sim/Sim.js"

/** Sends one byte each 50 ms: 0, 1, 2 and so on. */
const count = Effect.gen(function* () {
  const dialer = yield* Dialer
  const connection = yield* dialer.dial({ host: "b", port: 80 }, () => ({ onData: () => {}, onClose: () => {} }))
  for (let n = 0; n < 200; n++) {
    connection.send(Uint8Array.of(n))
    yield* Effect.sleep(50)
  }
}).pipe(Effect.scoped)

describe("the retransmission timer of TCP (RFC 6298 §5)", () => {
  it("runs on while more is sent", async () => {
    const arrivals: Array<{ readonly byte: number; readonly at: number }> = []
    const scenario = Effect.gen(function* () {
      const sim = yield* Sim
      let losses = 0
      // The segment and what the third repeated acknowledgement brings: only the timer is left.
      yield* sim.rule(({ data, from }) => (from === "a" && data[0] === 20 && losses++ < 2 ? "drop" : "pass"))
      const seen = sink((data) => {
        for (const byte of data) arrivals.push({ byte, at: sim.now() })
      })
      yield* sim.host("b", {}, seen)
      yield* sim.host("a", {}, count)
      yield* Effect.sleep("5 seconds")
      expect(losses).toBe(3)
    })
    const { exit } = await run({ seed: 1, link: { latencyMs: 25, jitterMs: 0 } }, scenario)
    if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
    const before = arrivals.find(({ byte }) => byte === 19)!.at
    expect(arrivals.find(({ byte }) => byte === 20)!.at - before).toBeLessThan(1_000)
    expect(arrivals.map(({ byte }) => byte)).toEqual(arrivals.map((_, index) => index))
  })
})

describe("a connection whose address is gone", () => {
  it("ends without a word to the other side", async () => {
    const reasons: Array<string> = []
    const scenario = Effect.gen(function* () {
      const sim = yield* Sim
      yield* sim.host(
        "b",
        {},
        sink(
          () => {},
          (reason) => reasons.push(reason)
        )
      )
      yield* sim.host("a", {}, count)
      yield* Effect.sleep("5 seconds")
      yield* sim.begin({ kind: "address-change", host: "a" })
      yield* Effect.sleep("10 seconds")
      expect(reasons).toEqual([])
    })
    const { exit } = await run({ seed: 1 }, scenario)
    if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  })
})
