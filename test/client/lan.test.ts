import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import * as Client from "../../src/client/Client.js"
import * as Profile from "../../src/client/Profile.js"
import type { ClientEvent } from "../../src/core/client/Events.js"
import { Lan } from "../../src/layers/memory/LanDiscovery.js"
import * as Server from "../../src/server/Server.js"
import { inMemory } from "../../src/sim/InMemory.js"
import * as Sim from "../../src/sim/Sim.js"

const SERVER = "192.168.1.1"

/** A program on a local network with a router to nowhere; `meet` adds a client. */
const home = (
  program: (world: {
    readonly meet: (nick: string, server?: boolean) => Effect.Effect<Person, never, Scope.Scope | Sim.Sim>
  }) => Effect.Effect<void, unknown, Scope.Scope | Sim.Sim>
) =>
  inMemory(
    Effect.gen(function* () {
      const lan = new Lan()
      let number = 10
      const meet = (nick: string, server = false) =>
        Effect.gen(function* () {
          const address = `192.168.1.${number++}`
          const machine = Layer.merge(Sim.layer(address, { ipv4: address }), lan.layer(address))
          const client = yield* Client.make({
            lan: true,
            ...(server ? { server: { host: SERVER, port: 9090 } } : {})
          }).pipe(Effect.provide(yield* Layer.build(Layer.provideMerge(Profile.layer, machine))))
          const log: Array<ClientEvent> = []
          yield* Effect.forkScoped(Stream.runForEach(client.events, (event) => Effect.sync(() => void log.push(event))))
          yield* client.register(nick)
          return { client, log }
        }).pipe(Effect.orDie)
      yield* program({ meet })
    }).pipe(Effect.scoped, Effect.orDie, Effect.provide(Logger.remove(Logger.defaultLogger)))
  )

type Person = {
  readonly client: Effect.Effect.Success<ReturnType<typeof Client.make>>
  readonly log: Array<ClientEvent>
}

/** Waits, on the virtual clock, until `person` has seen such an event. */
const sees = (person: Person, tag: ClientEvent["_tag"]) =>
  Effect.sleep("10 millis").pipe(
    Effect.repeat({ until: () => person.log.some((event) => event._tag === tag), times: 3_000 }),
    Effect.zipRight(Effect.sync(() => expect(person.log.map(({ _tag }) => _tag)).toContain(tag)))
  )

const texts = ({ log }: Person) => log.flatMap((event) => (event._tag === "Message" ? [event.text] : []))

describe("clients on a local network", () => {
  it("find each other without a server, and talk only with consent", () =>
    home(({ meet }) =>
      Effect.gen(function* () {
        const ann = yield* meet("ann")
        // Asked at once: nobody has answered the network yet.
        const bob = yield* meet("bob")
        expect((yield* ann.client.list).map(({ nick }) => nick)).toEqual(["ann", "bob"])
        const { peer } = yield* ann.client.query("bob")
        yield* ann.client.send("bob", "hi")
        yield* sees(bob, "Incoming")
        expect(peer.fingerprint).toBe((yield* bob.client.list).find(({ nick }) => nick === "bob")!.fingerprint)
        expect((yield* Effect.flip(bob.client.send("ann", "no")))._tag).toBe("NotConnected")
        yield* bob.client.query("ann")
        yield* bob.client.send("ann", "hello")
        yield* sees(bob, "Message")
        yield* sees(ann, "Message")
        expect([texts(ann), texts(bob)]).toEqual([["hello"], ["hi"]])
        expect((yield* Effect.flip(ann.client.query("carl")))._tag).toBe("NoSuchPeer")
        yield* bob.client.exit()
        yield* sees(ann, "Disconnected")
      })
    ))

  it("never take one bob for another", () =>
    home(({ meet }) =>
      Effect.gen(function* () {
        const ann = yield* meet("ann")
        yield* meet("bob")
        const other = yield* meet("bob")
        const bobs = (yield* ann.client.list).map(({ nick }) => nick).filter((nick) => nick.startsWith("bob"))
        expect(bobs).toHaveLength(2)
        expect((yield* Effect.flip(ann.client.query("bob"))).message).toContain(bobs[1])
        const own = (yield* other.client.list).find(({ nick }) => nick === "bob")!.fingerprint
        const { peer } = yield* ann.client.query(`bob#${own.slice(0, 5)}`)
        expect(peer.fingerprint).toBe(own)
        yield* sees(ann, "Connected")
        // The other one now counts as somebody who poses as the first.
        const stranger = bobs.find((nick) => !nick.endsWith(own.slice(0, 5)))!
        expect((yield* Effect.flip(ann.client.query(stranger)))._tag).toBe("KeyChanged")
      })
    ))

  it("keep a conversation that was asked for, though another of that name invites before anybody has connected", () =>
    home(({ meet }) =>
      Effect.gen(function* () {
        const ann = yield* meet("ann")
        const bob = yield* meet("bob")
        const { peer } = yield* ann.client.query("bob")
        const other = yield* meet("bob")
        yield* other.client.query("ann")
        yield* sees(ann, "Failed")
        expect(ann.log).toContainEqual(expect.objectContaining({ code: "KeyChanged", nick: "bob" }))
        yield* ann.client.send("bob", "for the first")
        yield* sees(bob, "Message")
        yield* Effect.sleep("1 minute")
        expect([texts(bob), texts(other)]).toEqual([["for the first"], []])
        expect(peer.fingerprint).toBe((yield* bob.client.key()).fingerprint)
        expect(ann.log.some((event) => event._tag === "Incoming")).toBe(false)
      })
    ))

  it("are found beside a server, which is asked first", () =>
    home(({ meet }) =>
      Effect.gen(function* () {
        const there = yield* Layer.build(Sim.layer("server", { ipv4: SERVER }))
        yield* Layer.build(Layer.provide(Server.layerStandalone({}), Layer.succeedContext(there)))
        const ann = yield* meet("ann", true)
        const bob = yield* meet("bob", true)
        const lone = yield* meet("carl")
        const impostor = yield* meet("bob")
        const list = yield* ann.client.list
        expect(list.map(({ nick }) => nick)).toEqual(["ann", "bob", expect.stringMatching(/^bob#/), "carl"])
        const { peer } = yield* ann.client.query("bob")
        yield* sees(bob, "Incoming")
        expect(peer.fingerprint).toBe(list[1]!.fingerprint)
        yield* ann.client.query("carl")
        yield* sees(lone, "Incoming")
        expect(impostor.log.some(({ _tag }) => _tag === "Incoming")).toBe(false)
      })
    ))

  it("say so when there is no way to look for others", () =>
    inMemory(
      Effect.gen(function* () {
        const machine = yield* Layer.build(Layer.provideMerge(Profile.layer, Sim.layer("ann", { ipv4: "192.168.1.2" })))
        const failed = (options: Parameters<typeof Client.make>[0]) =>
          Effect.map(Effect.flip(Effect.provide(Client.make(options), machine)), ({ _tag }) => _tag)
        expect(yield* failed({ lan: true })).toBe("NoNetwork")
        expect(yield* failed({})).toBe("NoNetwork")
      }).pipe(Effect.scoped, Effect.orDie)
    ))

  it("refuse to be shown there when relay-only paths are to hide the address", () =>
    inMemory(
      Effect.gen(function* () {
        const lan = new Lan()
        const machine = Layer.merge(Sim.layer("ann", { ipv4: "192.168.1.2" }), lan.layer("192.168.1.2"))
        const services = yield* Layer.build(Layer.provideMerge(Profile.layer, machine))
        const client = Client.make({ lan: true, path: "relay-only", server: { host: SERVER, port: 9090 } })
        expect((yield* Effect.flip(Effect.provide(client, services))).message).toContain("relay-only")
      }).pipe(Effect.scoped, Effect.orDie)
    ))
})
