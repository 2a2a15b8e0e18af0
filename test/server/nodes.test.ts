import { mkdtempSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as RedisAddress from "../../src/domain/RedisAddress.js"
import * as NodeLinks from "../../src/layers/node/NodeLinks.js"
import * as RedisEngine from "../../src/layers/redis/RedisEngine.js"
import { type AdminAnswer, type AdminRequest, decodeAdminAnswer, encodeAdmin } from "../../src/protocol/Admin.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as Envelope from "../../src/protocol/RelayEnvelope.js"
import type { ServerStats } from "../../src/server/Counters.js"
import * as Nodes from "../../src/server/Nodes.js"
import * as Server from "../../src/server/Server.js"
import { defaults } from "../../src/server/ServerOptions.js"
import { Udp } from "../conformance/server/Udp.js"
import { freePort } from "../support/Ports.js"
import { hasRedis, Redis } from "../support/Redis.js"
import { LineClient } from "./LineClient.js"
import { platform } from "./serving.js"

const SECRET = "a secret of all nodes that nobody can guess"

describe.runIf(hasRedis())("two nodes of one server", () => {
  let redis: Redis
  let runs = 0
  beforeAll(async () => {
    redis = await Redis.start()
  })
  afterAll(() => redis.stop())

  const test = (title: string, body: (two: Two) => Promise<void>, secret = SECRET) =>
    it(title, async () => {
      const prefix = `nodes${runs++}`
      const scope = Effect.runSync(Scope.make())
      try {
        const [a, b] = [await start(redis, prefix, SECRET, scope), await start(redis, prefix, secret, scope)]
        await body({ a: a.port, b: b.port, stats: [a.stats, b.stats], operate: [a.operate, b.operate] })
      } finally {
        await Effect.runPromise(Scope.close(scope, Exit.void))
      }
    })

  test("introduce clients of both, with one channel for a pair whoever asks", async ({ a, b }) => {
    const [alice, bob] = [await LineClient.register(a, "alice"), await LineClient.register(b, "bob")]
    alice.send({ _tag: "Query", id: 1, nick: "bob" })
    const peer = (await alice.next("Peer")) as Half
    const incoming = (await bob.next("Incoming")) as Half
    expect([peer.nick, incoming.nick]).toEqual(["bob", "alice"])
    expect(incoming).toMatchObject({ channel: peer.channel, pairKey: peer.pairKey })
    expect(incoming.relay?.token).not.toBe(peer.relay?.token)
    bob.send({ _tag: "Query", id: 2, nick: "alice" })
    expect(await bob.next("Peer")).toMatchObject({ ...incoming, _tag: "Peer", id: 2 })
    expect(await alice.next("Incoming")).toMatchObject({ channel: peer.channel, relay: peer.relay })
  })

  test("carry packets between them, and candidates", async ({ a, b }) => {
    const [alice, bob] = [await LineClient.register(a, "alice"), await LineClient.register(b, "bob")]
    alice.send({ _tag: "Query", id: 1, nick: "bob" })
    const { channel } = (await alice.next("Peer")) as Half
    await bob.next("Incoming")
    for (let i = 0; i < 3; i++) alice.send({ _tag: "Relay", channel, packet: `AAA${i}` })
    for (let i = 0; i < 3; i++) expect(await bob.next("Relay")).toMatchObject({ channel, packet: `AAA${i}` })
    bob.send({ _tag: "Relay", channel, packet: "BBBB" })
    expect(await alice.next("Relay")).toMatchObject({ channel, packet: "BBBB" })
    alice.send({ _tag: "Tell", id: 2, channel, endpoints: ["192.0.2.7:7"] })
    expect(await bob.next("Incoming")).toMatchObject({ channel, candidates: ["192.0.2.7:7"] })
    await alice.next("Updated")
    const other = await LineClient.register(b, "carol")
    other.send({ _tag: "Tell", id: 3, channel, endpoints: ["192.0.2.7:7"] })
    await other.next("NoSuchPeer")
  })

  test("list the same, and tell of the same", async ({ a, b }) => {
    const watcher = await LineClient.register(a, "watcher")
    watcher.send({ _tag: "Watch", id: 1 })
    const { version } = (await watcher.next("Watching")) as unknown as { version: number }
    const bob = await LineClient.register(b, "bob")
    expect(await watcher.next("Joined")).toMatchObject({ nick: "bob", version: version + 1 })
    for (const client of [watcher, bob]) {
      client.send({ _tag: "List", id: 2 })
      const { clients } = (await client.next("Clients")) as unknown as { clients: ReadonlyArray<{ nick: string }> }
      expect(clients.map(({ nick }) => nick)).toEqual(["bob", "watcher"])
    }
    bob.send({ _tag: "Exit", id: 3 })
    expect(await watcher.next("Left")).toMatchObject({ nick: "bob", version: version + 2 })
    watcher.send({ _tag: "Query", id: 4, nick: "bob" })
    await watcher.next("NoSuchPeer")
  })

  test("give a name to its owner from the other node, and to nobody else", async ({ a, b }) => {
    const first = await LineClient.connect(a)
    first.send({ _tag: "Register", id: 0, nick: "alice" })
    await first.next("Welcome")
    const { resume } = (await first.next("Registered")) as unknown as { resume: string }
    const second = await LineClient.connect(b)
    await second.next("Welcome")
    second.send({ _tag: "Register", id: 1, nick: "AIice" })
    await second.next("NickTaken")
    second.send({ _tag: "Register", id: 2, nick: "alice", resume })
    await second.next("Registered")
    await first.next("Replaced")
  })

  test("have both sides of a channel meet at the relay of one of them, and forget who is gone", async (two) => {
    const [alice, bob] = [await LineClient.register(two.a, "alice"), await LineClient.register(two.b, "bob")]
    alice.send({ _tag: "Query", id: 1, nick: "bob" })
    const sides = [(await alice.next("Peer")) as Half, (await bob.next("Incoming")) as Half]
    const [at] = sides[0]!.relay!.at!
    expect(sides[1]!.relay!.at).toEqual([at])
    const port = Number(at!.split(":")[1])
    expect([two.a, two.b], "clients reach its UDP where they reach its TCP here").toContain(port)
    const channel = Bytes.fromBase64Url(sides[0]!.channel)!
    const sockets = await Promise.all(
      sides.map(async ({ relay }) => {
        const token = Bytes.fromBase64Url(relay!.token)!
        const udp = await Udp.open("127.0.0.1")
        const say = (packet: Uint8Array) => udp.send(Envelope.toServer(channel, token, packet), "127.0.0.1", port)
        say(new Uint8Array(0))
        const { data } = await udp.inbox.take()
        say(Envelope.readFromServer(data)!.packet)
        return { udp, say }
      })
    )
    const [left, right] = sockets
    left!.say(Uint8Array.of(3, 1))
    expect(await packet(right!.udp)).toEqual([3, 1])
    right!.say(Uint8Array.of(3, 2))
    expect(await packet(left!.udp)).toEqual([3, 2])
    const carried = async () => (await Promise.all(two.stats.map((stats) => stats()))).map(({ relay }) => relay!)
    const isAtA = port === two.a
    expect((await carried()).map(({ packets }) => packets)).toEqual(isAtA ? [2, 0] : [0, 2])
    // Whoever was on the other node goes: the relay is told.
    ;(isAtA ? bob : alice).send({ _tag: "Exit", id: 3 })
    await vi.waitFor(async () => expect((await carried()).map(({ channels }) => channels)).toEqual([0, 0]), WAIT)
    for (const { udp } of sockets) udp.close()
  })

  test("do as the operator of either has decided, and end sessions wherever they are", async ({ a, b, operate }) => {
    const [atA, atB] = [operate[0]!, operate[1]!]
    const [bob, carol] = [await LineClient.register(b, "bob"), await LineClient.register(b, "carol")]
    expect(await atA({ _tag: "Kick", whom: "bob", reason: "enough" })).toMatchObject({ _tag: "Done", ended: 1 })
    expect(await bob.next("Unauthorized")).toMatchObject({ message: expect.stringContaining("enough") })
    expect(await atA({ _tag: "Kick", whom: "bob" })).toMatchObject({ _tag: "Refused", code: "NotFound" })
    const nodes = { told: 1, silent: 0 }
    expect(await atB({ _tag: "Reserve", nick: "moonlight" })).toMatchObject({ _tag: "Done", nodes })
    const dora = await LineClient.connect(a)
    await dora.next("Welcome")
    dora.send({ _tag: "Register", id: 0, nick: "rnoonlight" })
    await dora.next("NickReserved")
    expect(await atA({ _tag: "Ban", what: "127.0.0.0/8", reason: "too loud" })).toMatchObject({ _tag: "Done", nodes })
    for (const one of [carol, dora, await LineClient.connect(b)])
      expect(await one.next("Unauthorized")).toMatchObject({ message: expect.stringContaining("too loud") })
    expect(await atB({ _tag: "Allow", what: "127.0.0.0/8" })).toMatchObject({ _tag: "Done", nodes })
    await LineClient.register(a, "dora")
  })

  test(
    "let no node in that does not have their secret",
    async ({ a, b }) => {
      const [alice] = [await LineClient.register(a, "alice"), await LineClient.register(b, "bob")]
      alice.send({ _tag: "Query", id: 1, nick: "bob" })
      await alice.next("NoSuchPeer")
    },
    "another secret, as somebody would have it who has found the Redis"
  )
})

/** The next one that the relay sends to this socket. */
const packet = async (udp: Udp) => [...(Envelope.readFromServer((await udp.inbox.take()).data)?.packet ?? [])]

const WAIT = { timeout: 120_000, interval: 20 }

/** Ports of two nodes, and what they count. */
interface Two {
  readonly a: number
  readonly b: number
  readonly stats: ReadonlyArray<() => Promise<ServerStats>>
  /** As operators of the nodes. */
  readonly operate: ReadonlyArray<(request: AdminRequest) => Promise<AdminAnswer>>
}

interface Half {
  readonly _tag: string
  readonly nick: string
  readonly channel: string
  readonly pairKey: string
  readonly relay?: { readonly token: string; readonly at?: ReadonlyArray<string> }
}

const start = async (redis: Redis, prefix: string, secret: string, scope: Scope.Scope) => {
  const port = await freePort()
  const address = Either.getOrThrow(RedisAddress.parse(redis.url))
  const at = `127.0.0.1:${port}`
  const nodes = Nodes.layer(defaults, { listen: { host: "127.0.0.1", port }, at, secret })
  const udpAddresses = [Endpoint.make("127.0.0.1", 0)!]
  const folder = mkdtempSync(join(tmpdir(), "parley-node-"))
  await Effect.runPromise(
    Scope.addFinalizer(
      scope,
      Effect.sync(() => rmSync(folder, { recursive: true }))
    )
  )
  const admin = join(folder, "admin")
  const layer = Server.layer({ host: "127.0.0.1", port: 0, udpAddresses, admin }).pipe(
    Layer.provide(nodes),
    Layer.provide(Layer.merge(RedisEngine.layer({ address, prefix }), NodeLinks.layer)),
    Layer.provide(platform)
  )
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  const { local, stats } = Context.get(context, Server.Server)
  return {
    port: local.port,
    stats: () => Effect.runPromise(stats),
    operate: (ask: AdminRequest) => answerOf(admin, ask)
  }
}

/** What a node answers its operator. */
const answerOf = (socket: string, request: AdminRequest) =>
  new Promise<AdminAnswer>((resolve, reject) => {
    const link = connect(socket, () => link.write(encodeAdmin(request)))
    createInterface(link).once("line", (line) => {
      link.destroy()
      resolve(decodeAdminAnswer(line)!)
    })
    link.once("error", reject)
  })
