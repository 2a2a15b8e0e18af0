import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { layerClient, layerClientConfig, layerNode } from "parley-chat"
import { type ClientEvent, connect, type PromiseClient, serve } from "parley-chat/promise"
import { afterEach, expect, it } from "vitest"
import { dropConfig, fileDrop } from "../../examples/file-drop.ts"
import { greeter } from "../../examples/greeter.ts"
import { full } from "../support/Effort.js"

// The bots among the examples, with real guests on loopback, which takes seconds: the full run alone. The echo bot is
// tried by its own tests, which stand beside it; `test/package` starts the files themselves.

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "parley-test-"))
  closing.push(() => rmSync(made, { recursive: true, maxRetries: 10 }))
  return made
}

const server = async () => {
  const running = await serve({ host: "127.0.0.1", port: 0 })
  closing.push(running.close)
  return { host: "127.0.0.1", port: running.port }
}

const guest = async (nick: string, at: { readonly host: string; readonly port: number }): Promise<PromiseClient> => {
  const made = await connect({ nick, server: at, home: folder(), portMapping: false })
  closing.push(() => made.close(0))
  return made
}

/** Runs a bot until the test is over. */
const start = <E>(bot: Effect.Effect<void, E>) => {
  const fiber = Effect.runFork(Effect.provide(bot, Logger.remove(Logger.defaultLogger)))
  closing.push(() => Effect.runPromise(Fiber.interrupt(fiber)))
}

const next = async <Tag extends ClientEvent["_tag"]>(from: PromiseClient, tag: Tag) => {
  for await (const event of from.events()) if (event._tag === tag) return event as Extract<ClientEvent, { _tag: Tag }>
  throw new Error(`no ${tag}`)
}

it.runIf(full)("the greeter greets who is there and who comes, and nobody twice", async () => {
  const at = await server()
  const early = await guest("early", at)
  start(
    Effect.provide(
      greeter("greeter"),
      Layer.provide(layerClient({ server: at, portMapping: false }), layerNode({ home: folder() }))
    )
  )
  for (const one of [early, await guest("late", at)]) {
    expect(await next(one, "Incoming")).toMatchObject({ nick: "greeter" })
    await one.query("greeter")
    expect(await next(one, "Message")).toMatchObject({ text: expect.stringMatching(/^Welcome, (early|late)!/) })
  }
  // The same key under another nickname is no newcomer: the next event of its own is that of somebody else.
  await early.register("again")
  const other = await guest("other", at)
  await other.query("again")
  expect(await next(early, "Incoming")).toMatchObject({ nick: "other" })
})

it.runIf(full)("the file drop takes files of the keys that it was given, and hears nobody else", async () => {
  const at = await server()
  const [alice, eve] = [await guest("alice", at), await guest("eve", at)]
  const downloads = folder()
  const environment = new Map([
    ["PARLEY_SERVER", `127.0.0.1:${at.port}`],
    ["DROP_KEYS", (await alice.key()).fingerprint],
    ["DROP_FOLDER", downloads]
  ])
  const layer = Layer.provide(layerClientConfig(dropConfig), layerNode({ home: folder() }))
  start(
    Effect.withConfigProvider(
      Effect.provide(fileDrop("drop"), layer),
      ConfigProvider.fromMap(environment, { pathDelim: "_" })
    )
  )
  await alice.watch("drop")
  for await (const event of alice.events())
    if ((event._tag === "Present" && event.nicks.includes("drop")) || event._tag === "Joined") break
  await eve.query("drop")
  await alice.query("drop")
  const path = join(folder(), "report.txt")
  writeFileSync(path, "all is well")
  await alice.files.offer("drop", path)
  for await (const event of alice.events()) if (event._tag === "Transfer" && event.transfer.state === "done") break
  expect(readFileSync(join(downloads, "report.txt"), "utf8")).toBe("all is well")
  expect(await eve.status("drop")).toMatchObject({ mutual: false, connected: false })
})
