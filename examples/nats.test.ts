// The same bot in a bad world: behind routers that translate addresses, each in its own way, on links that lose packets.
// A seed that fails is printed with the command that shows it again.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Client, layerClient, layerServer } from "parley-chat"
import { layer, Nat, Sim } from "parley-chat/sim"
import { simTest } from "parley-chat/sim/vitest"
import { expect } from "vitest"
import { echo } from "./echo.ts"

const client = layerClient({ server: { host: "server", port: 9090 } })

const ROUTERS = [
  // A home and another one: a direct path can be had.
  { homes: "two homes", bot: Nat.linux, guest: Nat.portRestricted, way: "direct" },
  // Both choose a new port for each destination: only the server's relay is left.
  { homes: "two strict companies", bot: Nat.symmetric, guest: Nat.symmetric, way: "relay" }
]

for (const { bot, guest, homes, way } of ROUTERS)
  simTest(`${homes} talk by ${way}`, { seeds: 3, link: { latencyMs: 30, loss: 0.02 } }, function* () {
    const sim = yield* Sim
    yield* sim.host("server", {}, Layer.launch(layerServer()))
    yield* sim.host("bot", { nat: bot }, Effect.provide(echo("echo"), client))
    const talk = Effect.gen(function* () {
      const alice = yield* Client
      yield* alice.register("alice")
      yield* Effect.retry(alice.query("echo"), Schedule.spaced("1 second"))
      yield* alice.send("echo", "hello")
      yield* Stream.runDrain(Stream.takeUntil(alice.events, ({ _tag }) => _tag === "Message"))
      // The first words may take the relay while the direct path is being tried.
      yield* Effect.sleep("10 seconds")
      expect((yield* alice.why("echo")).path?.kind).toBe(way)
    })
    yield* talk.pipe(Effect.provide(client), Effect.provide(layer("alice", { nat: guest })))
  })
