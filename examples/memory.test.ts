// A bot tried without a port, a file or any waiting: server, bot and guest are machines in memory, on a clock that jumps.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Client, layerClient, layerServer } from "parley-chat"
import { inMemory, layer } from "parley-chat/sim"
import { expect, it } from "vitest"
import { echo } from "./echo.ts"

const client = layerClient({ server: { host: "server", port: 9090 } })

it("echo says what it hears", () =>
  inMemory(
    Effect.gen(function* () {
      yield* Layer.build(Layer.provide(layerServer(), layer("server")))
      yield* Effect.forkScoped(echo("echo").pipe(Effect.provide(client), Effect.provide(layer("bot"))))
      const guest = yield* Effect.provide(Client, yield* Layer.build(Layer.provide(client, layer("guest"))))
      yield* guest.register("alice")
      yield* guest.watch("echo")
      const talk = guest.events.pipe(
        Stream.tap((event) => {
          const isHere =
            (event._tag === "Joined" && event.nick === "echo") ||
            (event._tag === "Present" && event.nicks.includes("echo"))
          if (!isHere) return Effect.void
          return Effect.zipRight(guest.query("echo"), guest.send("echo", "hello"))
        }),
        Stream.takeUntil(({ _tag }) => _tag === "Message"),
        Stream.runLast
      )
      expect(yield* Effect.flatten(talk)).toMatchObject({ from: "echo", text: "hello" })
    })
  ))
