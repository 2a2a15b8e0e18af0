import * as Fs from "node:fs/promises"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import type { ClientApi } from "../../../src/client/Client.js"
import * as Client from "../../../src/client/Client.js"
import type { ClientOptions } from "../../../src/client/ClientOptions.js"
import * as Profile from "../../../src/client/Profile.js"
import type { ClientEvent } from "../../../src/core/client/Events.js"
import { layerNode } from "../../../src/layers/node/Layers.js"
import * as Server from "../../../src/server/Server.js"
import { temporaryFolder } from "../../layers/node/TemporaryFolder.js"
import { bytes, isSame } from "./Pair.js"

it.live(
  "a real folder crosses real sockets to a real disk",
  () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const content = { "big.bin": bytes(20_000_000), "deep/er/small": bytes(3), empty: bytes(0) }
      yield* Effect.promise(async () => {
        for (const [path, data] of Object.entries(content)) {
          await Fs.mkdir(join(folder, "things", path, ".."), { recursive: true })
          await Fs.writeFile(join(folder, "things", path), data)
        }
        await Fs.mkdir(join(folder, "in"))
      })
      const world = (name: string) => layerNode({ home: join(folder, name) })
      const standalone = Server.layerStandalone({ host: "127.0.0.1", port: 0 })
      const { local } = Context.get(yield* Layer.build(Layer.provide(standalone, world("server"))), Server.Server)
      const client = (nick: string, options: ClientOptions) =>
        Effect.gen(function* () {
          const context = yield* Layer.build(Layer.provideMerge(Profile.layer, world(nick)))
          const server = { host: local.address, port: local.port }
          const made = yield* Effect.provide(Client.make({ ...options, server }), context)
          yield* made.register(nick)
          return made
        })
      const alice = yield* client("alice", {})
      const bob = yield* client("bob", { accept: "all", downloads: join(folder, "in") })
      yield* alice.query("bob")
      yield* bob.query("alice")
      yield* alice.files.offer("bob", join(folder, "things"))
      yield* Effect.all([done(alice), done(bob)], { concurrency: "unbounded" })
      expect(yield* Effect.promise(() => Fs.readdir(join(folder, "in")))).toEqual(["things"])
      for (const [path, data] of Object.entries(content))
        expect(isSame(yield* Effect.promise(() => Fs.readFile(join(folder, "in", "things", path))), data)).toBe(true)
    }).pipe(Effect.scoped, Effect.provide(Logger.remove(Logger.defaultLogger))),
  { timeout: 60_000 }
)

const done = (client: ClientApi): Effect.Effect<void> =>
  Stream.runDrain(Stream.takeUntil(client.events, (event: ClientEvent) => event._tag === "Transfer" && isDone(event)))

const isDone = ({ transfer }: ClientEvent & { readonly _tag: "Transfer" }): boolean => {
  if (transfer.state === "failed") throw new Error(transfer.message)
  return transfer.state === "done"
}
