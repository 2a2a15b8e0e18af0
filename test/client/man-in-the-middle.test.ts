import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { Disk } from "../../src/layers/memory/Disk.js"
import type { Connection } from "../../src/services/Connection.js"
import { Dialer, type DialTls } from "../../src/services/Dialer.js"
import { Listener, type TlsCredentials } from "../../src/services/Listener.js"
import * as Sim from "../../src/sim/Sim.js"
import { SERVER, world } from "./World.js"

const EVIL = "203.0.113.66"
const ADDRESS = { host: SERVER, port: 9090 }

/** A server that passes everything on to the good one, both ways: what its clients prove, it has proven there. */
const evilServer = ({ onward: tls, tls: own }: { readonly tls?: TlsCredentials; readonly onward?: DialTls } = {}) =>
  Effect.gen(function* () {
    const dialer = yield* Dialer
    const runtime = yield* Effect.runtime<never>()
    const scope = yield* Effect.scope
    yield* (yield* Listener).listen({ port: 9090, ...(own && { tls: own }) }, (victim) => {
      let onward: Connection | undefined
      const early: Array<Uint8Array> = []
      const dial = dialer.dial({ host: SERVER, port: 9090, ...(tls && { tls }) }, (connection) => {
        onward = connection
        for (const data of early) connection.send(data)
        return { onData: (data) => void victim.send(data), onClose: () => victim.end() }
      })
      Runtime.runFork(runtime)(Effect.ignore(dial.pipe(Effect.provideService(Scope.Scope, scope))))
      return {
        onData: (data) => void (onward?.send(data) ?? early.push(data)),
        onClose: () => onward?.end()
      }
    })
  })

describe("a server that plays another one", () => {
  it("cannot show it the proofs of its own clients", () =>
    world(function* (world) {
      yield* world.server()
      const machine = Layer.provide(Sim.layer("evil", { ipv4: EVIL }), Layer.succeed(Sim.Sim, yield* Sim.Sim))
      yield* Effect.provide(evilServer(), yield* Layer.build(machine))
      const dave = yield* world.client({ more: { server: { host: EVIL, port: 9090 } } })
      const refused = yield* Effect.flip(dave.client.register("dave"))
      expect(refused).toMatchObject({ _tag: "NotThisServer" })
      expect(refused.message).toContain(`start it with --name ${EVIL}`)
      const carol = yield* world.person("carol")
      expect((yield* carol.client.list).map(({ nick }) => nick)).toEqual(["carol"])
    }))

  it("is no trouble for whoever dials the good one by a name of its own", () =>
    world(function* (world) {
      yield* world.server({ names: ["chat.example.org"] })
      const carol = yield* world.client({ more: { server: { host: "server", port: 9090 } } })
      yield* carol.client.register("carol")
    }))
})

const tls = (key: string) => ({ certificate: `SHA256:${key.repeat(42)}A`, privateKey: "" })

describe("a link that is encrypted", () => {
  it("is pinned by the server's key, and refused when another one is shown", () =>
    world(function* (world) {
      const good = yield* world.server({ tls: tls("a") })
      const disk = new Disk()
      const first = yield* world.person("alice", { disk, more: { server: { ...ADDRESS, tls: true } } })
      expect(yield* first.next("Server")).toMatchObject({
        encryption: "tls",
        trust: "new",
        key: tls("a").certificate
      })
      yield* first.client.exit()
      // Nothing is said of TLS any more: this profile knows.
      const again = yield* world.person("alice", { disk })
      expect(yield* again.next("Server")).toMatchObject({ encryption: "tls", trust: "pinned" })
      yield* good.stop
      yield* again.next("ServerLost")
      yield* world.server({ tls: tls("b") })
      const told = yield* again.next("Failed", { code: "ServerNotTrusted" })
      expect(told).toMatchObject({ message: expect.stringContaining(`--server-key ${tls("b").certificate}`) })
      yield* again.stop
      const late = yield* world.client({ disk })
      expect(yield* Effect.flip(late.client.register("alice"))).toMatchObject({ _tag: "ServerNotTrusted" })
      yield* late.stop
      const server = { ...ADDRESS, tls: { key: tls("b").certificate } }
      const trusting = yield* world.person("alice", { disk, more: { server } })
      expect(yield* trusting.next("Server")).toMatchObject({ trust: "given" })
    }))

  it("is never given up for one that is not, but by the user's own word", () =>
    world(function* (world) {
      const good = yield* world.server({ tls: tls("a") })
      const disk = new Disk()
      const first = yield* world.person("alice", { disk, more: { server: { ...ADDRESS, tls: true } } })
      yield* first.client.exit()
      yield* good.stop
      yield* world.server()
      const again = yield* world.client({ disk })
      const refused = yield* Effect.flip(again.client.register("alice"))
      expect(refused).toMatchObject({ _tag: "ServerNotTrusted", message: expect.stringContaining("--plain") })
      yield* again.stop
      const plain = yield* world.person("alice", { disk, more: { server: { ...ADDRESS, tls: false } } })
      expect(yield* plain.next("Server")).toMatchObject({ encryption: "none" })
    }))

  it("binds the proof to itself: a man in the middle whose key is trusted gets nowhere with it", () =>
    world(function* (world) {
      yield* world.server({ tls: tls("a") })
      const machine = Layer.provide(Sim.layer("evil", { ipv4: EVIL }), Layer.succeed(Sim.Sim, yield* Sim.Sim))
      yield* Effect.provide(evilServer({ tls: tls("e"), onward: {} }), yield* Layer.build(machine))
      const dave = yield* world.client({ more: { server: { host: EVIL, port: 9090, tls: true } } })
      const refused = yield* Effect.flip(dave.client.register("dave"))
      expect(refused).toMatchObject({ _tag: "Unauthorized", message: expect.stringContaining("not signed") })
    }))

  it("needs no name of the server", () =>
    world(function* (world) {
      yield* world.server({ tls: tls("a") })
      const machine = Layer.provide(Sim.layer("forwarder", { ipv4: EVIL }), Layer.succeed(Sim.Sim, yield* Sim.Sim))
      yield* Effect.provide(evilServer(), yield* Layer.build(machine))
      const dave = yield* world.client({ more: { server: { host: EVIL, port: 9090, tls: true } } })
      yield* dave.client.register("dave")
    }))
})
