import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { describe, expect, it } from "vitest"
import * as Discovery from "../../src/client/Discovery.js"
import { exactly, UNKNOWN } from "../../src/core/nat/Behaviour.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as MemoryDatagrams from "../../src/layers/memory/Datagrams.js"
import * as MemoryEntropy from "../../src/layers/memory/Entropy.js"
import * as MemoryInterfaces from "../../src/layers/memory/Interfaces.js"
import * as Network from "../../src/layers/memory/Network.js"
import * as Reflector from "../../src/server/Reflector.js"

const ADDRESSES = ["198.51.100.1", "198.51.100.2"]
const SERVER = Endpoint.make(ADDRESSES[0]!, 9090)!

const world = Effect.gen(function* () {
  const network = yield* Network.make
  const server = network.host(ADDRESSES)
  const home = network.host(["192.0.2.7"])
  return {
    server: MemoryDatagrams.layer(network, server),
    home: Layer.mergeAll(MemoryDatagrams.layer(network, home), MemoryInterfaces.layer(home), MemoryEntropy.layer(7))
  }
})

describe("Discovery", () => {
  it("examines an open network", () =>
    Effect.gen(function* () {
      const { home, server } = yield* world
      const addresses = ADDRESSES.map((bind) => ({ bind }))
      yield* Reflector.make({ port: 9090, software: "parley/test", addresses }).pipe(Effect.provide(server))
      const report = yield* Discovery.discover({ server: SERVER }).pipe(Effect.provide(home))
      expect(report).toMatchObject({ udp: true, server: true, translated: false, mapped: { address: "192.0.2.7" } })
      expect(report.mapping).toEqual(exactly("endpoint-independent"))
      expect(report.filtering).toEqual(exactly("endpoint-independent"))
    }).pipe(Effect.scoped, Effect.runPromise))

  it("finds in 5 s that nobody answers", () =>
    Effect.gen(function* () {
      const { home } = yield* world
      const fiber = yield* Effect.fork(Discovery.discover({ server: SERVER }).pipe(Effect.provide(home)))
      // Each request arms the timer for the next one, so the clock is wound step by step.
      for (let step = 0; step < 12; step++) yield* TestClock.adjust("500 millis")
      expect(yield* Fiber.join(fiber)).toMatchObject({ udp: false, mapping: UNKNOWN })
    }).pipe(Effect.scoped, Effect.provide(TestContext.TestContext), Effect.runPromise))
})
