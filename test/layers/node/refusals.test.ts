import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { describe, expect, it } from "vitest"
import * as NodeDatagrams from "../../../src/layers/node/Datagrams.js"
import { Datagrams } from "../../../src/services/Datagrams.js"
import { freePort } from "../../support/Ports.js"

// Other systems say so too, but not all of them, nor always.
describe.runIf(process.platform === "linux")("a datagram to a port where nobody listens", () => {
  it("is refused, which a socket hears that has nothing but that endpoint", async () => {
    const port = await freePort()
    const endpoint = { family: "ipv4", address: "127.0.0.1", port } as const
    const refusals = await Effect.gen(function* () {
      const datagrams = yield* Datagrams
      let count = 0
      const onRefused = () => {
        count++
      }
      const socket = yield* datagrams.bind({ family: "ipv4", port: 0, only: endpoint, onRefused, onDatagram: () => {} })
      const sending = yield* Effect.fork(
        Effect.repeat(
          Effect.sync(() => socket.send(endpoint, Uint8Array.of(1))),
          Schedule.spaced("20 millis")
        )
      )
      while (count < 2) yield* Effect.sleep("10 millis")
      yield* Fiber.interrupt(sending)
      return count
    }).pipe(Effect.scoped, Effect.provide(NodeDatagrams.layer), Effect.runPromise)
    expect(refusals).toBeGreaterThan(1)
  })
})
