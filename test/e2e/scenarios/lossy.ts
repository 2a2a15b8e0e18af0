import * as Effect from "effect/Effect"
import { layer, Sim } from "parley-chat/sim"
import { Datagrams } from "../../../src/services/Datagrams.js"

export const options = { maxTime: 60_000 }

/** Ten datagrams of which every one must arrive: wrong on any network that loses some. */
export default function* () {
  const sim = yield* Sim
  let arrived = 0
  const sink = yield* Effect.provide(
    Effect.flatMap(Datagrams, ({ bind }) => bind({ family: "ipv4", port: 7, onDatagram: () => arrived++ })),
    layer("sink", { ipv4: "203.0.113.7" })
  )
  const source = yield* Effect.provide(
    Effect.flatMap(Datagrams, ({ bind }) => bind({ family: "ipv4", port: 0, onDatagram: () => {} })),
    layer("source")
  )
  yield* sim.swarm({ withinMs: 1_000, kinds: ["loss", "latency", "jitter"], hosts: ["sink", "source"] })
  for (let i = 0; i < 10; i++) {
    source.send({ family: "ipv4", address: "203.0.113.7", port: sink.local.port }, new Uint8Array(100))
    yield* Effect.sleep(100)
  }
  yield* Effect.sleep(10_000)
  if (arrived < 10) yield* Effect.fail(new Error(`${10 - arrived} of 10 datagrams were lost`))
}
