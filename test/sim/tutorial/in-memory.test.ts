import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Client, layerClient, layerServer } from "parley-chat"
import { Disk, inMemory, layer, Sim, Store } from "parley-chat/sim"
import { expect, it } from "vitest"

const server = { host: "server", port: 9090 }
const person = (nick: string) =>
  Effect.gen(function* () {
    const services = yield* Layer.build(Layer.provide(layerClient({ server }), layer(nick)))
    const client = yield* Effect.provide(Client, services)
    yield* client.register(nick)
    return client
  })

// The example of docs/simulation.md, word for word but for the log of the server.
it("alice and bob talk", () =>
  inMemory(
    Effect.gen(function* () {
      yield* Layer.build(Layer.provide(layerServer(), layer("server")))
      const [alice, bob] = [yield* person("alice"), yield* person("bob")]
      yield* alice.query("bob")
      yield* alice.send("bob", "hello")
      const events = yield* Stream.runCollect(Stream.takeUntil(bob.events, ({ _tag }) => _tag === "Message"))
      expect([...events].at(-1)).toMatchObject({ from: "alice", text: "hello" })
    })
  ))

it("a program in memory rejects with what it failed with, and does not wait for ever", async () => {
  await expect(inMemory(Effect.fail(new Error("no such luck")))).rejects.toThrow("no such luck")
  await expect(inMemory(Effect.never)).rejects.toThrow("no timer is left")
})

it("a machine finds the files of an earlier one on its disk", () =>
  inMemory(
    Effect.gen(function* () {
      const disk = new Disk()
      const on = (name: string) => Effect.provide(Store, layer(name, { disk }))
      yield* Effect.flatMap(on("first"), (store) => store.write("a", Uint8Array.of(1)))
      const host = yield* (yield* Sim).host(
        "second",
        { disk },
        Effect.flatMap(Store, (store) => store.write("b", Uint8Array.of(2)))
      )
      yield* host.exit
      expect(disk.names()).toEqual(["a", "b"])
    })
  ))
