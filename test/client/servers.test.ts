import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { Disk } from "../../src/layers/memory/Disk.js"
import * as Server from "../../src/server/Server.js"
import type { ServerOptions } from "../../src/server/ServerOptions.js"
import { Listener } from "../../src/services/Listener.js"
import * as Sim from "../../src/sim/Sim.js"
import { SERVER, type World, world } from "./World.js"

const SECOND = "192.0.2.2"
const [FIRST_NAME, SECOND_NAME] = [`${SERVER}:9090`, `${SECOND}:9090`]
const BOTH = {
  server: [
    { host: SERVER, port: 9090 },
    { host: SECOND, port: 9090 }
  ]
}
const tls = (key: string) => ({ certificate: `SHA256:${key.repeat(42)}A`, privateKey: "" })

/** The host of the other server, and that server on it; the effect that it gives stops it. */
const elsewhere = Effect.gen(function* () {
  const host = Layer.succeedContext(
    yield* Layer.build(Layer.provide(Sim.layer("second", { ipv4: SECOND }), Layer.succeed(Sim.Sim, yield* Sim.Sim)))
  )
  const start = (options: Partial<ServerOptions> = {}) =>
    Effect.gen(function* () {
      const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
      const server = Server.layerStandalone({ restart: { inMs: 0, spreadMs: 0 }, ...options })
      yield* Layer.buildWithScope(Layer.provide(server, host), scope)
      return { stop: Scope.close(scope, Exit.void) }
    })
  return { host, start }
})

const twoPeople = (world: World) =>
  Effect.gen(function* () {
    const alice = yield* world.person("alice", { more: BOTH })
    const bob = yield* world.person("bob", { more: BOTH })
    expect(yield* alice.next("Server")).toMatchObject({ server: FIRST_NAME })
    expect(yield* bob.next("Server")).toMatchObject({ server: FIRST_NAME })
    yield* alice.client.query("bob")
    yield* bob.client.query("alice")
    yield* alice.next("Mutual")
    return { alice, bob }
  })

describe("of two servers", () => {
  it("the first is used while it answers, the other one while it is gone, and the first again when it is back", () =>
    world(function* (world) {
      const first = yield* world.server()
      yield* (yield* elsewhere).start()
      const { alice, bob } = yield* twoPeople(world)
      yield* first.stop
      expect(yield* alice.next("Server")).toMatchObject({ server: SECOND_NAME, insteadOf: FIRST_NAME })
      expect(yield* bob.next("Server")).toMatchObject({ server: SECOND_NAME, insteadOf: FIRST_NAME })
      yield* alice.client.send("bob", "still here?")
      expect(yield* bob.next("Message")).toMatchObject({ text: "still here?" })
      const why = yield* alice.client.why("bob")
      expect(why.lines.join(" ")).toContain(`${SECOND_NAME} is used, as ${FIRST_NAME} could not be`)
      // Somebody who starts now finds them there.
      const carol = yield* world.person("carol", { more: BOTH })
      expect((yield* carol.client.list).map(({ nick }) => nick)).toEqual(["alice", "bob", "carol"])

      yield* world.server()
      for (const person of [alice, bob]) {
        const news = yield* person.next("Server")
        expect(news).toMatchObject({ server: FIRST_NAME, back: true })
        expect(news.insteadOf).toBeUndefined()
      }
      yield* bob.client.send("alice", "and back")
      expect(yield* alice.next("Message")).toMatchObject({ text: "and back" })
    }))

  it("the other one carries the talk of a pair that needs a relay, and is left when that is over", () =>
    world(function* (world) {
      const first = yield* world.server()
      yield* (yield* elsewhere).start()
      const alice = yield* world.person("alice", { path: "relay-only", more: BOTH })
      const bob = yield* world.person("bob", { more: BOTH })
      yield* alice.client.query("bob")
      yield* bob.client.query("alice")
      yield* alice.next("Mutual")
      yield* first.stop
      yield* bob.next("Server", { server: SECOND_NAME })
      yield* alice.client.send("bob", "carried on")
      expect(yield* bob.next("Message")).toMatchObject({ text: "carried on" })
      yield* world.server()
      yield* Effect.sleep("10 minutes")
      expect(alice.log.some((event) => event._tag === "Server" && event.back)).toBe(false)
      yield* alice.client.send("bob", "still")
      expect(yield* bob.next("Message")).toMatchObject({ text: "still" })
      yield* alice.client.leave("bob")
      yield* bob.client.leave("alice")
      yield* Effect.sleep("15 minutes")
      expect(yield* alice.next("Server", { server: FIRST_NAME, back: true })).toBeDefined()
    }))

  it("whichever is back first is used when both were gone", () =>
    world(function* (world) {
      const first = yield* world.server()
      const there = yield* elsewhere
      const second = yield* there.start()
      const alice = yield* world.person("alice", { more: BOTH })
      yield* first.stop
      yield* alice.next("Registered")
      expect(yield* alice.next("Registered")).toMatchObject({ nick: "alice" })
      yield* second.stop
      const { message } = yield* alice.next("ServerLost")
      expect(message).not.toBe("")
      yield* there.start()
      expect(yield* alice.next("Registered")).toMatchObject({ nick: "alice" })
      expect((yield* alice.client.list).map(({ nick }) => nick)).toEqual(["alice"])
    }))

  it("the other one is used where the first wants a token, which is said, or says nothing at all", () =>
    world(function* (world) {
      yield* (yield* elsewhere).start()
      const first = yield* world.server({ token: "secret" })
      const alice = yield* world.person("alice", { more: BOTH })
      expect(yield* alice.next("Failed")).toMatchObject({
        code: "Unauthorized",
        message: expect.stringContaining(FIRST_NAME)
      })
      expect((yield* alice.client.list).map(({ nick }) => nick)).toEqual(["alice"])
      yield* first.stop
      const bob = yield* world.person("bob", { more: BOTH })
      expect((yield* bob.client.list).map(({ nick }) => nick)).toEqual(["alice", "bob"])
    }))

  it("the other one is used where something else listens at the first and says nothing", () =>
    world(function* (world) {
      const there = yield* elsewhere
      yield* Effect.provide(
        Effect.flatMap(Listener, (listener) =>
          listener.listen({ port: 9090 }, () => ({ onData: () => {}, onClose: () => {} }))
        ),
        yield* Layer.build(there.host)
      )
      yield* world.server()
      const [first, second] = BOTH.server
      const alice = yield* world.person("alice", { more: { server: [second!, first!] } })
      expect(yield* alice.next("Server")).toMatchObject({ server: FIRST_NAME, insteadOf: SECOND_NAME })
    }))
})

describe("of two servers that are pinned", () => {
  const encrypted = { server: BOTH.server.map((one) => ({ ...one, tls: true })) }

  it("one with another key is refused aloud, and only an encrypted one takes its place", () =>
    world(function* (world) {
      const good = yield* world.server({ tls: tls("a") })
      const there = yield* elsewhere
      const disk = new Disk()
      const before = yield* world.person("alice", { disk, more: encrypted })
      expect(yield* before.next("Server")).toMatchObject({ server: FIRST_NAME, trust: "new" })
      yield* before.client.exit()
      yield* good.stop

      // Nothing is said of TLS any more: the profile knows the first, and not the second.
      yield* world.server({ tls: tls("b") })
      const plain = yield* there.start()
      const lost = yield* world.client({ disk, more: BOTH })
      const refused = yield* Effect.flip(lost.client.register("alice"))
      expect(refused._tag).toBe("ServerNotTrusted")
      const said = lost.log.flatMap((event) => (event._tag === "Failed" ? event.message : []))
      expect([refused.message, ...said].join()).toContain(`the key of the server ${FIRST_NAME} has changed`)
      expect(lost.log.some(({ _tag }) => _tag === "Server")).toBe(false)
      yield* lost.stop
      yield* plain.stop

      yield* there.start({ tls: tls("c") })
      const again = yield* world.person("alice", { disk, more: BOTH })
      expect(yield* again.next("Failed")).toMatchObject({ code: "ServerNotTrusted" })
      expect(yield* again.next("Server")).toMatchObject({
        server: SECOND_NAME,
        encryption: "tls",
        key: tls("c").certificate,
        insteadOf: FIRST_NAME
      })
    }))
})
