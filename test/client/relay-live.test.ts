import { createSocket } from "node:dgram"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ClientApi } from "../../src/client/Client.js"
import * as Client from "../../src/client/Client.js"
import * as Profile from "../../src/client/Profile.js"
import type { ClientEvent } from "../../src/core/client/Events.js"
import { layerNode } from "../../src/layers/node/Layers.js"
import * as Server from "../../src/server/Server.js"
import { Datagrams } from "../../src/services/Datagrams.js"
import { freePort } from "../support/Ports.js"

const folders: Array<string> = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

/** First bytes of the datagrams that clients sent. */
type Sent = Array<number>

const counting = (sent: Sent) =>
  Layer.effect(
    Datagrams,
    Effect.map(Datagrams, ({ bind }) => ({
      bind: (options) =>
        Effect.map(bind(options), (socket) => ({
          ...socket,
          send: (to, data) => {
            sent.push(data[0]!)
            return socket.send(to, data)
          }
        }))
    }))
  )

const person = (nick: string, port: number, sent: Sent) => {
  const home = mkdtempSync(join(tmpdir(), "parley-test-"))
  folders.push(home)
  const services = Layer.provideMerge(Profile.layer, Layer.provideMerge(counting(sent), layerNode({ home })))
  return Effect.gen(function* () {
    const client = yield* Client.make({ server: { host: "127.0.0.1", port }, path: "relay-only" }).pipe(
      Effect.provide(yield* Layer.build(services))
    )
    yield* client.register(nick)
    return client
  })
}

const first = <T extends ClientEvent["_tag"]>(client: ClientApi, tag: T) =>
  client.events.pipe(
    Stream.filter((event): event is ClientEvent & { readonly _tag: T } => event._tag === tag),
    Stream.runHead,
    Effect.map(Option.getOrThrow)
  )

const run = (port: number, relays: (sent: Sent, packets: number) => void) =>
  Effect.gen(function* () {
    const scoped = yield* Layer.build(
      Layer.provide(Server.layerStandalone({ host: "127.0.0.1", port }), layerNode({ home: tmpdir() }))
    )
    const server = yield* Effect.provide(Server.Server, scoped)
    const sent: Sent = []
    const alice = yield* person("alice", server.local.port, sent)
    const bob = yield* person("bob", server.local.port, sent)
    yield* alice.query("bob")
    yield* alice.send("bob", "over the relay")
    expect((yield* first(bob, "Message")).text).toBe("over the relay")
    const why = yield* alice.why("bob")
    expect(why).toMatchObject({ policy: "relay-only", path: { kind: "relay" }, relayOffered: true })
    expect(why.candidates).toHaveLength(1)
    const stats = yield* server.stats
    relays(sent, stats.relay!.packets)
  }).pipe(Effect.scoped, Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none)))

/** A port whose number is taken for UDP, and free for TCP. */
const withoutUdp = Effect.map(
  Effect.acquireRelease(
    Effect.promise(async () => {
      const squatter = createSocket("udp4")
      const port = await freePort()
      await new Promise<void>((resolve) => squatter.bind(port, "127.0.0.1", resolve))
      return { port, squatter }
    }),
    ({ squatter }) => Effect.sync(() => squatter.close())
  ),
  ({ port }) => port
)

describe("the relay on real sockets", () => {
  it.live("carries a conversation over UDP", () =>
    run(0, (sent, packets) => {
      expect(packets).toBeGreaterThan(3)
      // STUN requests begin with a zero; nothing but envelopes goes out besides.
      expect(new Set(sent)).toEqual(new Set([0, 5]))
    })
  )

  it.scopedLive("carries a conversation over the control link when the server has no UDP", () =>
    Effect.gen(function* () {
      const port = yield* withoutUdp
      yield* run(port, (sent, packets) => {
        expect(packets).toBeGreaterThan(3)
        expect(sent).toEqual([])
      })
    })
  )
})
