import { readFile } from "node:fs/promises"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { Client, layerClient, layerNode, layerServer, Server } from "parley-chat"
import { echo } from "../../scenarios/product/bot.js"
import * as FakeClient from "../cli/FakeClient.js"
import { temporaryFolder } from "../layers/node/TemporaryFolder.js"
import { messageId } from "../support/ids.js"

it.scopedLive("the bot of the README talks to a person through a real server", () =>
  Effect.gen(function* () {
    const home = yield* temporaryFolder
    const program = Effect.gen(function* () {
      const { local } = yield* Server
      const server = { host: "127.0.0.1", port: local.port }
      yield* Effect.fork(Effect.provide(echo("echo"), layerClient({ server })))

      const person = yield* Effect.provide(Client, yield* Layer.build(layerClient({ server })))
      yield* person.register("alice")
      // Both register at the same time; either may be the later one.
      yield* person.watch("echo")
      yield* Stream.runHead(Stream.filter(person.events, ({ _tag }) => _tag === "Present" || _tag === "Joined"))
      yield* person.query("echo")
      yield* person.send("echo", "hello, is there anybody?")
      const events = yield* Stream.runCollect(Stream.takeUntil(person.events, ({ _tag }) => _tag === "Message"))
      yield* person.exit()
      return [...events]
    })
    const events = yield* program.pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(layerServer({ host: "127.0.0.1", port: 0 }), layerNode({ home }))),
      Effect.provide(Logger.remove(Logger.defaultLogger))
    )
    expect(events.at(-1)).toMatchObject({ _tag: "Message", from: "echo", text: "hello, is there anybody?" })
  })
)

it.live("the bot of the README outlives a visitor who is gone again", () =>
  Effect.gen(function* () {
    const program = Effect.gen(function* () {
      const fake = yield* FakeClient.make
      fake.happens(
        FakeClient.call("nobody"),
        { _tag: "Message", from: "nobody", id: messageId("1"), text: "hi" },
        FakeClient.call("bob")
      )
      const bot = yield* Effect.fork(Effect.provideService(echo("echo"), Client, fake))
      while (!fake.calls.includes("query bob")) yield* Effect.yieldNow()
      yield* Fiber.interrupt(bot)
      return fake.calls
    })
    const calls = yield* program
    expect(calls).toEqual(["register echo", "query nobody", "send nobody hi", "query bob"])
  })
)

it("the README shows this very bot", async () => {
  const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8")
  expect(await read("../../README.md")).toContain(await read("../../scenarios/product/bot.ts"))
})
