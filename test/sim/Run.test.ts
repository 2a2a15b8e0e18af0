import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { expect, it } from "vitest"
import { crypto } from "../../scenarios/support/Primitives.js"
import { Datagrams } from "../../src/services/Datagrams.js"
import { run } from "../../src/sim/Run.js"
import { Sim } from "../../src/sim/Sim.js"

it("carries a datagram to another machine and back, the same way each time", async () => {
  const scenario = Effect.gen(function* () {
    const sim = yield* Sim
    const got: Array<string> = []
    yield* sim.host(
      "server",
      {},
      Effect.scoped(
        Effect.gen(function* () {
          const s = yield* (yield* Datagrams).bind({
            family: "ipv4",
            port: 9,
            onDatagram: (from, data) => s.send(from, data)
          })
          yield* Effect.never
        })
      )
    )
    yield* sim.host(
      "client",
      {},
      Effect.scoped(
        Effect.gen(function* () {
          const s = yield* (yield* Datagrams).bind({
            family: "ipv4",
            port: 0,
            onDatagram: (from, data) => got.push(`${from.address}:${from.port} ${data.length} at ${sim.now()}`)
          })
          s.send({ family: "ipv4", address: "203.0.113.1", port: 9 }, new Uint8Array(3))
          yield* Effect.sleep("1 second")
        })
      )
    )
    yield* Effect.sleep("2 seconds")
    return got
  })
  const a = await run({ seed: 1, crypto, record: true }, scenario)
  expect(a.exit).toEqual(Exit.succeed(["203.0.113.1:9 3 at 49.413"]))
  const b = await run({ seed: 1, crypto }, scenario)
  expect(b.hash).toBe(a.hash)
  const c = await run({ seed: 2, crypto, order: "random" }, scenario)
  expect(c.hash).not.toBe(a.hash)
})
