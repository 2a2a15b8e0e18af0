import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { Scope } from "effect/Scope"
import { describe, expect, test } from "vitest"
import * as Base64Url from "../../src/domain/Base64Url.js"
import * as Identity from "../../src/domain/Identity.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import type * as Control from "../../src/protocol/Control.js"
import * as PeerRecord from "../../src/protocol/PeerRecord.js"
import * as Server from "../../src/server/Server.js"
import { defaults, type ServerOptions } from "../../src/server/ServerOptions.js"
import type { Connection } from "../../src/services/Connection.js"
import { Dialer } from "../../src/services/Dialer.js"
import { Registry } from "../../src/services/Registry.js"
import { inMemory } from "../../src/sim/InMemory.js"
import * as Sim from "../../src/sim/Sim.js"
import { decodeSync, type Message } from "./messages.js"

/** One connection in memory: what arrived, and how to wait for more. */
interface Client {
  readonly connection: Connection
  readonly messages: Array<Message>
  readonly send: (...requests: ReadonlyArray<object>) => void
  /** Resolves when this tag has arrived `count` times in all. */
  readonly seen: (tag: Message["_tag"], count?: number) => Promise<Message>
  readonly closed: Promise<void>
}

const dial = (address: string) =>
  Effect.gen(function* () {
    const dialer = yield* Dialer
    const messages: Array<Message> = []
    let rest = ""
    let wake: () => void = () => {}
    let isClosed = false
    let close: () => void = () => {}
    const closed = new Promise<void>((resolve) => {
      close = resolve
    })
    const connection = yield* dialer.dial({ host: address, port: 9090 }, () => ({
      onData: (data) => {
        const lines = (rest + Buffer.from(data).toString()).split("\n")
        rest = lines.pop()!
        messages.push(...lines.map((line) => decodeSync(line)))
        wake()
      },
      onClose: () => {
        isClosed = true
        close()
        wake()
      }
    }))
    const client: Client = {
      connection,
      messages,
      closed,
      send: (...requests) => {
        connection.send(Buffer.from(requests.map((request) => `${JSON.stringify(request)}\n`).join("")))
      },
      seen: async (tag, count = 1) => {
        for (;;) {
          const found = messages.filter((message) => message._tag === tag)
          if (found.length >= count) return found[count - 1]!
          if (isClosed) throw new Error(`closed before ${tag}: ${JSON.stringify(messages)}`)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    }
    return client
  })

interface World {
  readonly server: Server.ServerApi
  /** Dials from a host of its own, or from the one at `from`. */
  readonly connect: (from?: string) => Promise<Client>
  readonly register: (nick: string) => Promise<Client>
}

/** Server and clients as one program on a simulated network. */
const world = (
  options: Partial<ServerOptions>,
  body: (world: World) => Promise<void>,
  registry?: Layer.Layer<Registry>
): Promise<void> =>
  Effect.gen(function* () {
    const platform = Sim.layer("server", { ipv4: "198.51.100.1", ipv6: "2001:db8::1" })
    const world = Layer.succeed(Sim.Sim, yield* Sim.Sim)
    const layer =
      registry === undefined ? Server.layerStandalone(options) : Layer.provide(Server.layer(options), registry)
    const server = Context.get(yield* Layer.build(Layer.provide(layer, platform)), Server.Server)
    const hosts = new Map<string, Context.Context<Dialer>>()
    const scope = yield* Effect.scope
    let count = 0
    const connect = (from = `203.0.113.${++count}`) =>
      Effect.runPromise(
        Effect.gen(function* () {
          const where = from.includes(":") ? { ipv4: "none", ipv6: from } : { ipv4: from }
          const machine = Layer.provide(Sim.layer(from, where), world)
          const host = hosts.get(from) ?? (yield* Layer.buildWithScope(machine, scope))
          hosts.set(from, host)
          return yield* dial(from.includes(":") ? "2001:db8::1" : "198.51.100.1").pipe(Effect.provide(host))
        }).pipe(Effect.provideService(Scope, scope))
      )
    const register = async (nick: string) => {
      const client = await connect()
      client.send({ _tag: "Register", id: 0, nick })
      await client.seen("Registered")
      return client
    }
    yield* Effect.promise(() => body({ server, connect, register }))
  }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none)), (program) => inMemory(program))

/** The request for a nickname with the identity of this key, on this connection. */
const proven = async (client: Client, nick: string, key: number) => {
  const { challenge } = (await client.seen("Welcome")) as typeof Control.Welcome.Type
  const { signKeys, staticKeys } = Identity.fromSeed(crypto, new Uint8Array(32).fill(key))
  const record = PeerRecord.sign(crypto, signKeys.secretKey, {
    nick,
    identity: signKeys.publicKey,
    staticKey: staticKeys.publicKey,
    sequence: 1,
    expiry: Number.MAX_SAFE_INTEGER
  })!
  const occasion = { challenge: Base64Url.decode(challenge)! }
  return {
    _tag: "Register",
    nick,
    identity: Base64Url.encode(signKeys.publicKey),
    record: Base64Url.encode(record),
    proof: Base64Url.encode(PeerRecord.signProof(crypto, signKeys.secretKey, occasion, record))
  }
}

describe("a server in memory", () => {
  test("gives a session with another identity other channels, and carries nothing on the former ones", () =>
    world({}, async (world) => {
      const [alice, bob] = [await world.connect(), await world.register("bob")]
      const channelAs = async (request: object, count: number) => {
        alice.send({ ...request, id: count }, { _tag: "Query", id: 10 + count, nick: "bob" })
        return (await alice.seen("Peer", count)) as typeof Control.Peer.Type
      }
      const first = await channelAs(await proven(alice, "alice", 1), 1)
      const renamed = await channelAs(await proven(alice, "alina", 1), 2)
      expect([renamed.channel, renamed.pairKey], "the same identity").toEqual([first.channel, first.pairKey])
      const second = await channelAs(await proven(alice, "mallory", 2), 3)
      expect(second.channel).not.toBe(first.channel)
      expect(second.pairKey).not.toBe(first.pairKey)
      bob.send({ _tag: "Relay", channel: first.channel, packet: "aGk" })
      bob.send({ _tag: "Relay", channel: second.channel, packet: "aG8" })
      expect(await alice.seen("Relay")).toMatchObject({ channel: second.channel, packet: "aG8" })
      alice.send({ _tag: "Relay", channel: first.channel, packet: "aGk" })
      alice.send({ _tag: "Ping", id: 20 })
      await alice.seen("Pong")
      expect(bob.messages.some(({ _tag }) => _tag === "Relay")).toBe(false)
    }))

  test("carries packets between the two of a channel, and drops those for somebody who does not read instead of ending them", () =>
    world({ sendQueue: 8_192 }, async (world) => {
      const [alice, bob, eve] = [
        await world.register("alice"),
        await world.register("bob"),
        await world.register("eve")
      ]
      alice.send({ _tag: "Query", id: 1, nick: "bob" })
      const { channel, relay } = (await alice.seen("Peer")) as typeof Control.Peer.Type
      expect(relay).toMatchObject({ token: expect.any(String) })
      expect(alice.messages[0]).toMatchObject({ _tag: "Welcome", relay: true })
      expect(await bob.seen("Incoming")).toMatchObject({ channel })
      alice.send({ _tag: "Relay", channel, packet: "aGk" })
      expect(await bob.seen("Relay")).toEqual({ _tag: "Relay", channel, packet: "aGk" })
      eve.send({ _tag: "Relay", channel, packet: "aGk" })
      bob.connection.pause()
      const packet = "A".repeat(1_600)
      for (let round = 1; round <= 3; round++) {
        for (let i = 0; i < 50; i++) alice.send({ _tag: "Relay", channel, packet })
        alice.send({ _tag: "Ping", id: 1 + round })
        await alice.seen("Pong", round)
      }
      const { endings, relay: carried } = await Effect.runPromise(world.server.stats)
      expect(endings.slow).toBe(0)
      expect(carried).toMatchObject({ channels: 1, unknown: 1, limited: 0 })
      expect(carried!.congested).toBeGreaterThan(0)
      expect(carried!.packets + carried!.congested).toBe(151)
      expect(carried!.bytes).toBe(2 + (carried!.packets - 1) * 1_200)
      bob.connection.resume()
      await bob.seen("Relay", carried!.packets)
      // Nothing is offered, nor carried, once the session is over.
      alice.send({ _tag: "Exit" })
      await alice.seen("Bye")
      bob.send({ _tag: "Relay", channel, packet: "aGk" }, { _tag: "Ping", id: 3 })
      await bob.seen("Pong")
      expect((await Effect.runPromise(world.server.stats)).relay).toMatchObject({ channels: 0, unknown: 2 })
    }))

  test("shows the address of somebody who is private in no line to anybody", () =>
    world({}, async (world) => {
      const watcher = await world.register("watcher")
      const friend = await world.register("friend")
      watcher.send({ _tag: "Watch", id: 1 })
      friend.send({ _tag: "Watch", id: 1, nicks: ["alice"] })
      const alice = await world.connect("203.0.113.77")
      const endpoints = ["203.0.113.77:4000", "192.168.77.1:4000"]
      alice.send({ _tag: "Register", id: 0, nick: "alice", endpoints, private: true })
      expect(await alice.seen("Registered")).toMatchObject({ observed: expect.stringContaining("203.0.113.77") })
      alice.send({ _tag: "Update", id: 1, endpoints, private: true })
      await alice.seen("Updated")
      for (const [asker, id] of [
        [watcher, 2],
        [friend, 3]
      ] as const) {
        asker.send({ _tag: "List", id }, { _tag: "Query", id: id + 10, nick: "alice" })
        expect(await asker.seen("Peer")).toMatchObject({ nick: "alice", address: "", candidates: [] })
      }
      alice.send({ _tag: "Query", id: 4, nick: "friend" })
      expect(await friend.seen("Incoming")).toMatchObject({ nick: "alice", address: "", candidates: [] })
      alice.send({ _tag: "Register", id: 5, nick: "alice2", endpoints, private: true })
      await alice.seen("Registered", 2)
      await watcher.seen("Joined", 2)
      alice.send({ _tag: "Exit" })
      await watcher.seen("Left", 2)
      const text = JSON.stringify([watcher.messages, friend.messages])
      expect(text).toContain('"nick":"alice2","address":""')
      expect(text).not.toContain(".77")
      // Who wishes to be seen is, from the next word on.
      const bob = await world.connect("203.0.113.78")
      bob.send({ _tag: "Register", id: 0, nick: "bob", private: true })
      await bob.seen("Registered")
      bob.send({ _tag: "Update", id: 1, endpoints: ["203.0.113.78:4000"] })
      await bob.seen("Updated")
      friend.send({ _tag: "Query", id: 20, nick: "bob" })
      expect(await friend.seen("Peer", 2)).toMatchObject({ candidates: ["203.0.113.78:4000"] })
      friend.send({ _tag: "List", id: 21, match: "bob" })
      expect(JSON.stringify(await friend.seen("Clients", 2))).toContain('"address":"203.0.113.78:')
    }))

  test("tells nobody of an address that cannot be somebody else's", () =>
    world({}, async (world) => {
      const asker = await world.register("asker")
      const alice = await world.connect("203.0.113.77")
      const endpoints = ["127.0.0.1:53", "169.254.169.254:80", "224.0.0.251:5353", "203.0.113.77:0", "192.168.1.1:4000"]
      alice.send({ _tag: "Register", id: 0, nick: "alice", endpoints })
      await alice.seen("Registered")
      asker.send({ _tag: "Query", id: 1, nick: "alice" })
      expect(await asker.seen("Peer")).toMatchObject({ candidates: ["192.168.1.1:4000"] })
      alice.send({ _tag: "Update", id: 1, endpoints: [...endpoints, "nonsense", "[ff02::1]:1"].slice(1) })
      await alice.seen("Updated")
      asker.send({ _tag: "Query", id: 2, nick: "alice" })
      expect(await asker.seen("Peer", 2)).toMatchObject({ candidates: ["192.168.1.1:4000"] })
    }))

  test("tells one side of a channel where the other may be reached, and nobody else, nor of who is private", () =>
    world({}, async (world) => {
      const [alice, bob, eve] = [
        await world.register("alice"),
        await world.register("bob"),
        await world.register("eve")
      ]
      alice.send({ _tag: "Query", id: 1, nick: "bob" })
      const { candidates, channel, pairKey, relay } = (await alice.seen("Peer")) as typeof Control.Peer.Type
      expect(candidates).toEqual([])
      const endpoints = ["192.168.1.7:4000"]
      bob.send({ _tag: "Tell", id: 1, channel, endpoints: [...endpoints, "224.0.0.1:9", "127.0.0.1:9", "nonsense"] })
      expect(await bob.seen("Updated")).toEqual({ _tag: "Updated", id: 1 })
      expect(await alice.seen("Incoming")).toMatchObject({
        nick: "bob",
        candidates: endpoints,
        channel,
        pairKey,
        relay
      })
      // The next one who asks is told nothing.
      eve.send({ _tag: "Query", id: 1, nick: "bob" })
      expect(await eve.seen("Peer")).toMatchObject({ candidates: [] })
      eve.send({ _tag: "Tell", id: 2, channel, endpoints }, { _tag: "Tell", id: 3, channel: "AAAAAAAAAAA", endpoints })
      expect(await eve.seen("NoSuchPeer", 2)).toMatchObject({ id: 3 })
      alice.send({ _tag: "Update", id: 2, endpoints: [], private: true }, { _tag: "Tell", id: 3, channel, endpoints })
      await alice.seen("Updated", 2)
      expect(await bob.seen("Incoming", 3)).toMatchObject({ nick: "alice", address: "", candidates: [] })
    }))

  test("offers no relay where it is switched off", () =>
    world({ relay: undefined }, async (world) => {
      const alice = await world.register("alice")
      const bob = await world.register("bob")
      alice.send({ _tag: "Query", id: 1, nick: "bob" })
      const { channel, ...peer } = (await alice.seen("Peer")) as typeof Control.Peer.Type
      expect(peer).not.toHaveProperty("relay")
      expect(alice.messages[0]).not.toHaveProperty("relay")
      alice.send({ _tag: "Relay", channel, packet: "aGk" }, { _tag: "Ping", id: 2 })
      await alice.seen("Pong")
      bob.send({ _tag: "Ping", id: 3 })
      await bob.seen("Pong")
      await expect(Effect.runPromise(world.server.stats)).resolves.not.toHaveProperty("relay")
    }))

  test("closes no watcher that does not read, but leaves events out, and says so by a gap", () =>
    world(
      { sendQueue: 4096, session: { ...defaults.session, registers: { burst: 10_000, perSecond: 1 } } },
      async (world) => {
        const stalled = await world.register("stalled")
        stalled.send({ _tag: "Watch", id: 1 })
        await stalled.seen("Watching")
        stalled.connection.pause()
        const changer = await world.register("changer")
        for (let id = 1; id <= 40; id++) {
          changer.send({ _tag: "Register", id, nick: `changer${id % 2}` })
          await changer.seen("Registered", id + 1)
        }
        const stats = await Effect.runPromise(world.server.stats)
        expect(stats).toMatchObject({ connections: 2, watchers: 1 })
        expect(stats.endings.slow).toBe(0)
        stalled.connection.resume()
        stalled.send({ _tag: "Ping", id: 2 })
        await stalled.seen("Pong")
        const last = () => stalled.messages.flatMap((message) => ("version" in message ? [message.version] : [])).at(-1)
        while (last() !== 82) await new Promise((resolve) => setTimeout(resolve, 5))
      }
    ))

  test("makes no more replies than are taken, and then all of them", () =>
    world({ session: { ...defaults.session, lists: { burst: 1000, perSecond: 1 } } }, async (world) => {
      await Promise.all(Array.from({ length: 150 }, (_, i) => world.register(`somebody${i}`)))
      const reader = await world.register("reader")
      reader.connection.pause()
      reader.send(...Array.from({ length: 100 }, (_, id) => ({ _tag: "List", id })))
      await new Promise((resolve) => setImmediate(resolve))
      expect((await Effect.runPromise(world.server.stats)).endings.slow).toBe(0)
      reader.connection.resume()
      expect(await reader.seen("Clients", 100)).toMatchObject({ id: 99 })
    }))

  test("bounds the connections of one address, and of one IPv6 /64", () =>
    world(
      { address: { ...defaults.address, connections: 2, rate: { burst: 3, perSecond: 0.001 } } },
      async ({ connect }) => {
        const home = "203.0.113.200"
        const first = await connect(home)
        const second = await connect(home)
        await Promise.all([first.seen("Welcome"), second.seen("Welcome")])
        await (await connect(home)).seen("Busy")
        first.send({ _tag: "Exit" })
        await first.closed
        const third = await connect(home)
        await third.seen("Welcome")
        third.send({ _tag: "Exit" })
        await third.closed
        // Not too many at a time any more, but too many in a while.
        await (await connect(home)).seen("Busy")
        await (await connect("2001:db8:1:2::1")).seen("Welcome")
        await (await connect("2001:db8:1:2::2")).seen("Welcome")
        await (await connect("2001:db8:1:2::3")).seen("Busy")
        await (await connect("2001:db8:1:3::1")).seen("Welcome")
      }
    ))

  test("ends a session whose nickname was taken back by its owner", () =>
    world({}, async ({ connect, register, server }) => {
      const old = await register("alice")
      const registered = await old.seen("Registered")
      const fresh = await connect()
      fresh.send({
        _tag: "Register",
        id: 1,
        nick: "alice",
        resume: registered._tag === "Registered" ? registered.resume : ""
      })
      await fresh.seen("Registered")
      await old.seen("Replaced")
      await old.closed
      expect(await Effect.runPromise(server.stats)).toMatchObject({ live: 1, endings: { replaced: 1 } })
    }))
})

describe("a registry that takes its time", () => {
  /** Answers some questions when it is told to; refuses the claim of "down" as an unreachable one would. */
  class SlowRegistry {
    readonly released: Array<string> = []
    readonly #waiting: Array<() => void> = []

    answer(): void {
      for (const give of this.#waiting.splice(0)) give()
    }

    readonly layer = Layer.succeed(
      Registry,
      Registry.of({
        claim: ({ nickname, session }, done) => {
          const registration = {
            nickname,
            session,
            epoch: 1,
            identity: undefined,
            address: "",
            endpoints: [],
            since: 0,
            resume: "r"
          }
          if (nickname.text === "down") done({ _tag: "Unavailable", message: "gone" })
          else if (nickname.text === "late") this.#waiting.push(() => done({ _tag: "Claimed", registration }))
          else done({ _tag: "Claimed", registration })
        },
        release: (session) => void this.released.push(session),
        update: () => {},
        find: (key, done) => {
          if (key === "gone") done({ _tag: "Unavailable", message: "gone" })
          else this.#waiting.push(() => done({ _tag: "Nobody" }))
        },
        subscribe: () => Effect.void,
        forget: (_, done) => done(false),
        knows: () => false,
        names: () => 0,
        reachable: () => true
      })
    )
  }

  test("delays only its own session, keeps the order, and turns failures into refusals", async () => {
    const registry = new SlowRegistry()
    await world(
      {},
      async ({ connect, register }) => {
        const waiting = await register("alice")
        waiting.send(
          { _tag: "Query", id: 1, nick: "bob" },
          { _tag: "Ping", id: 2 },
          { _tag: "Query", id: 3, nick: "gone" }
        )
        const other = await connect()
        other.send(
          { _tag: "Register", id: 1, nick: "down" },
          { _tag: "Register", id: 2, nick: "up" },
          { _tag: "Ping", id: 3 }
        )
        await other.seen("Pong")
        expect(other.messages.map(({ _tag }) => _tag)).toEqual(["Welcome", "Busy", "Registered", "Pong"])
        expect(waiting.messages.map(({ _tag }) => _tag)).toEqual(["Welcome", "Registered"])
        registry.answer()
        await waiting.seen("Busy")
        expect(waiting.messages.map(({ _tag }) => _tag)).toEqual([
          "Welcome",
          "Registered",
          "NoSuchPeer",
          "Pong",
          "Busy"
        ])
      },
      registry.layer
    )
  })

  test("gets a nickname back that was claimed for a session that is over meanwhile", async () => {
    const registry = new SlowRegistry()
    await world(
      { session: { ...defaults.session, registerMs: 50 } },
      async ({ connect }) => {
        const client = await connect()
        client.send({ _tag: "Register", id: 1, nick: "late" })
        await client.seen("NotRegistered")
        await client.closed
        expect(registry.released).toEqual(["1"])
        registry.answer()
        expect(registry.released).toEqual(["1", "1"])
      },
      registry.layer
    )
  })
})
