import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Client, layerClient, layerServer } from "parley-chat"
import { layer, Sim } from "parley-chat/sim"
import { simTest } from "parley-chat/sim/vitest"
import { echo } from "../../../scenarios/product/bot.js"

simTest("the bot answers on a bad network", { seeds: 20, maxTime: 600_000 }, function* () {
  const sim = yield* Sim
  const client = layerClient({ server: { host: "server", port: 9090 } })
  yield* sim.host("server", {}, Layer.launch(layerServer()))
  yield* sim.host("bot", {}, Effect.provide(echo("echo"), client))
  yield* sim.swarm({ withinMs: 60_000, hosts: ["server", "bot"] })
  const talk = Effect.gen(function* () {
    const alice = yield* Client
    yield* alice.register("alice")
    yield* Effect.retry(alice.query("echo"), Schedule.spaced("1 second"))
    yield* alice.send("echo", "hello")
    yield* Stream.runDrain(Stream.takeUntil(alice.events, (event) => event._tag === "Message"))
  })
  yield* talk.pipe(Effect.provide(client), Effect.provide(layer("alice")))
})
