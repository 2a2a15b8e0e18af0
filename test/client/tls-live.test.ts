import { mkdtempSync, rmSync } from "node:fs"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeTls from "node:tls"
import { afterEach, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ClientApi } from "../../src/client/Client.js"
import * as Client from "../../src/client/Client.js"
import type { ServerTls } from "../../src/client/ClientOptions.js"
import * as Profile from "../../src/client/Profile.js"
import type { ClientEvent } from "../../src/core/client/Events.js"
import { layerNode } from "../../src/layers/node/Layers.js"
import * as Server from "../../src/server/Server.js"
import type { TlsCredentials } from "../../src/services/Listener.js"
import { authority, OWN_KEY, other, own, signed } from "../support/Certificates.js"

/** A man in the middle on TCP, with and without TLS, on real sockets. */

const folders: Array<string> = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

const newHome = (): string => {
  const home = mkdtempSync(join(tmpdir(), "parley-test-"))
  folders.push(home)
  return home
}

const open = (port: number, home: string, tls?: boolean | ServerTls) =>
  Effect.gen(function* () {
    const services = yield* Layer.build(Layer.provideMerge(Profile.layer, layerNode({ home })))
    const server = { host: "127.0.0.1", port, ...(tls === undefined ? {} : { tls }) }
    return yield* Effect.provide(Client.make({ server }), services)
  })

const serve = (tls: TlsCredentials | undefined, port = 0) =>
  Layer.build(
    Layer.provide(Server.layerStandalone({ host: "127.0.0.1", port, tls }), layerNode({ home: tmpdir() }))
  ).pipe(Effect.flatMap((context) => Effect.provide(Server.Server, context)))

/** Passes everything on, decrypted where he has the means, and what `meddle` makes of what the server says. */
const middleman = (
  to: number,
  options: { readonly tls?: TlsCredentials; readonly meddle?: (data: Buffer) => Buffer } = {}
) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const sockets = new Set<Net.Socket>()
      const take = (victim: Net.Socket) => {
        const onward = options.tls ? NodeTls.connect({ port: to, rejectUnauthorized: false }) : Net.connect(to)
        for (const socket of [victim, onward]) sockets.add(socket.on("error", () => {}))
        onward.on("data", (data) => victim.write(options.meddle?.(data) ?? data)).on("close", () => victim.destroy())
        victim.on("data", (data) => onward.write(data)).on("close", () => onward.destroy())
      }
      const { tls } = options
      const server = tls
        ? NodeTls.createServer({ cert: tls.certificate, key: tls.privateKey }, take)
        : Net.createServer(take)
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      return { server, sockets, port: (server.address() as Net.AddressInfo).port }
    }),
    ({ server, sockets }) =>
      Effect.promise(async () => {
        for (const socket of sockets) socket.destroy()
        await new Promise((resolve) => server.close(resolve))
      })
  )

const first = <T extends ClientEvent["_tag"]>(client: ClientApi, tag: T) =>
  client.events.pipe(
    Stream.filter((event): event is ClientEvent & { readonly _tag: T } => event._tag === tag),
    Stream.runHead,
    Effect.map(Option.getOrThrow)
  )

const live = (title: string, body: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(title, () => body.pipe(Effect.scoped, Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none))))

describe("a man in the middle on TCP", () => {
  live(
    "says what he likes where the link is not encrypted, and the program says whence it has that",
    Effect.gen(function* () {
      const { local } = yield* serve(undefined)
      let isEvil = false
      const man = yield* middleman(local.port, {
        meddle: (data) => (isEvil ? Buffer.concat([data, Buffer.from('{"_tag":"Replaced"}\n')]) : data)
      })
      // He is on the way: what is dialled is the server, by an address that is not this machine's own.
      const client = yield* open(man.port, newHome())
      const refused = yield* Effect.flip(client.register("alice"))
      expect(refused).toMatchObject({ _tag: "NotThisServer" })
      isEvil = true
      yield* Effect.ignore(client.register("alice"))
      expect(yield* first(client, "Closed")).toMatchObject({ reason: "replaced" })
    })
  )

  live(
    "is found out by his key, and can say nothing in the server's name",
    Effect.gen(function* () {
      const good = yield* serve(own)
      const home = newHome()
      const alice = yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* open(good.local.port, home, true)
          yield* client.register("alice")
          const told = yield* first(client, "Server")
          yield* client.exit(0)
          return told
        })
      )
      expect(alice).toMatchObject({ encryption: "tls", key: OWN_KEY, trust: "new" })
      // As if the way led through him: the same name, his key.
      const man = yield* middleman(good.local.port, { tls: other })
      const victim = yield* open(man.port, newHome(), { key: OWN_KEY })
      const refused = yield* Effect.flip(victim.register("bob"))
      expect(refused).toMatchObject({ _tag: "ServerNotTrusted" })
      expect(refused.message).toContain(`not ${OWN_KEY} as --server-key says`)
      // Whoever believes his key gets no further: the proof is bound to the connection.
      const naive = yield* open(man.port, newHome(), true)
      expect(yield* Effect.flip(naive.register("carol"))).toMatchObject({ _tag: "Unauthorized" })
      // Without the key he passes on what he cannot read.
      const wire = yield* middleman(good.local.port)
      const calm = yield* open(wire.port, newHome(), { key: OWN_KEY })
      yield* calm.register("dave")
    })
  )

  live(
    "with a certificate that no authority of ours has signed is none of theirs",
    Effect.gen(function* () {
      const good = yield* serve(signed)
      const client = yield* open(good.local.port, newHome(), { authorities: authority })
      yield* client.register("alice")
      expect(yield* first(client, "Server")).toMatchObject({ trust: "authority" })
      const man = yield* middleman(good.local.port, { tls: other })
      const victim = yield* open(man.port, newHome(), { authorities: authority })
      expect(yield* Effect.flip(victim.register("bob"))).toMatchObject({ _tag: "ServerNotTrusted" })
    })
  )
})
