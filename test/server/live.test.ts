import { createSocket } from "node:dgram"
import { setImmediate } from "node:timers/promises"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { describe, expect, test } from "vitest"
import type { ReflectorStats } from "../../src/core/rendezvous/Reflector.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as PeerRecord from "../../src/protocol/PeerRecord.js"
import * as Server from "../../src/server/Server.js"
import { defaults } from "../../src/server/ServerOptions.js"
import { freePort } from "../support/Ports.js"
import { LineClient } from "./LineClient.js"
import { platform, serving } from "./serving.js"

describe("a server on a real socket", () => {
  test("introduces two people who type JSON", () =>
    serving({ motd: "hello" }, async (port, server) => {
      const alice = await LineClient.connect(port)
      expect(await alice.next("Welcome")).toMatchObject({ motd: "hello" })
      alice.send({ _tag: "Register", id: 1, nick: "alice", endpoints: ["127.0.0.1:5"] }, { _tag: "Watch", id: 2 })
      expect(await alice.next("Registered")).toMatchObject({ observed: expect.stringMatching(/^127\.0\.0\.1:/) })
      await alice.next("Watching")
      const bob = await LineClient.connect(port)
      bob.send({ _tag: "Register", id: 1, nick: "Alice" })
      await bob.next("Welcome")
      expect(await bob.next("NickTaken")).toMatchObject({ suggestions: ["Alice2", "Alice_", "Alice3"] })
      bob.send(
        { _tag: "Register", id: 2, nick: "bob" },
        { _tag: "List", id: 3 },
        { _tag: "Query", id: 4, nick: "alice" }
      )
      await bob.next("Registered")
      const list = await bob.next("Clients")
      expect(list._tag === "Clients" && list.clients.map(({ nick }) => nick)).toEqual(["alice", "bob"])
      const peer = await bob.next("Peer")
      expect(peer).toMatchObject({ nick: "alice", candidates: ["127.0.0.1:5"] })
      // The presence is gathered for a moment, so that either may come first.
      const told = await alice.take(2)
      const incoming = told.find(({ _tag }) => _tag === "Incoming")
      expect(told.find(({ _tag }) => _tag === "Joined")).toMatchObject({ nick: "bob" })
      expect(incoming).toMatchObject({ nick: "bob" })
      expect(peer._tag === "Peer" && [peer.channel, peer.pairKey]).toEqual(
        incoming?._tag === "Incoming" && [incoming.channel, incoming.pairKey]
      )
      bob.send({ _tag: "Exit", id: 5, mood: "direct" })
      await bob.next("Bye")
      await bob.whenClosed()
      expect(await alice.next("Left")).toMatchObject({ nick: "bob" })
      await alice.close()
      expect(await Effect.runPromise(server.stats)).toMatchObject({
        accepted: 2,
        moods: { direct: 1 },
        endings: { exit: 1 }
      })
    }))

  test("answers everything of one read in one write", () =>
    serving({}, async (port) => {
      const client = await LineClient.register(port, "alice")
      client.chunks.length = 0
      // As much as is handled in one turn.
      client.send(...Array.from({ length: 20 }, (_, id) => ({ _tag: id % 2 ? "Ping" : "List", id })))
      const replies = await client.take(20)
      expect(replies.map((reply) => "id" in reply && reply.id)).toEqual(Array.from({ length: 20 }, (_, id) => id))
      expect(client.chunks).toHaveLength(1)
      await client.close()
    }))

  test("reads a line that comes byte by byte, and answers after the client's end of stream", () =>
    serving({}, async (port) => {
      const client = await LineClient.connect(port)
      for (const byte of Buffer.from('{"_tag":"Register","id":1,"nick":"zoë"}\n')) client.socket.write(Buffer.of(byte))
      await client.next("Welcome")
      expect(await client.next("Registered")).toMatchObject({ nick: "zoë" })
      client.socket.end('{"_tag":"Ping","id":2}\n')
      await client.next("Pong")
      await client.whenClosed()
    }))

  test("cuts one that never registers, with a last word", () =>
    serving({ session: { ...defaults.session, registerMs: 120 } }, async (port, server) => {
      const stranger = await LineClient.connect(port)
      await stranger.next("Welcome")
      await stranger.next("NotRegistered")
      await stranger.whenClosed()
      expect(await Effect.runPromise(server.stats)).toMatchObject({ endings: { unregistered: 1 }, connections: 0 })
    }))

  test("cuts a silent client, with a last word", () =>
    serving({ session: { ...defaults.session, idleMs: 3_000 } }, async (port, server) => {
      const silent = await LineClient.register(port, "silent")
      await silent.next("NotRegistered")
      await silent.whenClosed()
      expect(await Effect.runPromise(server.stats)).toMatchObject({ endings: { idle: 1 }, connections: 0 })
    }))

  test("holds a lost nickname, gives it back for the resume token, and frees it after Exit", () =>
    serving({}, async (port) => {
      const first = await LineClient.connect(port)
      first.send({ _tag: "Register", id: 1, nick: "alice" })
      await first.next("Welcome")
      const registered = await first.next("Registered")
      const resume = registered._tag === "Registered" ? registered.resume : ""
      const second = await LineClient.connect(port)
      await second.next("Welcome")
      await first.close()
      second.send({ _tag: "Register", id: 1, nick: "alice" }, { _tag: "Register", id: 2, nick: "alice", resume })
      await second.next("NickTaken")
      await second.next("Registered")
      second.send({ _tag: "Exit" })
      await second.next("Bye")
      const third = await LineClient.register(port, "alice")
      await third.close()
    }))

  test("checks an identity's proof, and gives its nickname to the newest session of that identity", () =>
    serving({}, async (port) => {
      const keys = crypto.signKeyPair(new Uint8Array(32).fill(7))
      const record = PeerRecord.sign(crypto, keys.secretKey, {
        nick: "alice",
        identity: keys.publicKey,
        staticKey: new Uint8Array(32).fill(1),
        sequence: 1,
        expiry: Date.now() + 60_000
      })!
      const thief = crypto.signKeyPair(new Uint8Array(32).fill(8))
      const connect = async (nick: string, prover = keys, spoil = (proof: Uint8Array) => proof, server?: string) => {
        const client = await LineClient.connect(port)
        const welcome = await client.next("Welcome")
        const challenge = Bytes.fromBase64Url(welcome._tag === "Welcome" ? welcome.challenge : "")!
        client.send({
          _tag: "Register",
          id: 1,
          nick,
          identity: Bytes.toBase64Url(prover.publicKey),
          record: Bytes.toBase64Url(record),
          proof: Bytes.toBase64Url(
            spoil(PeerRecord.signProof(crypto, prover.secretKey, { challenge, server }, record))
          ),
          ...(server === undefined ? {} : { server })
        })
        return client
      }
      const forged = await connect("alice", keys, (proof) => proof.map((byte) => byte ^ 1))
      await forged.next("Unauthorized")
      const stolen = await connect("alice", thief)
      await stolen.next("Unauthorized")
      const misnamed = await connect("bob")
      await misnamed.next("Unauthorized")
      const astray = await connect("alice", keys, undefined, `chat.example.org:${port}`)
      expect(await astray.next("NotThisServer")).toMatchObject({
        message: `this server does not go by the name chat.example.org:${port}: its operator has to start it with --name chat.example.org`
      })
      const meant = await connect("alice", keys, undefined, `localhost:${port}`)
      await meant.next("Registered")
      const first = await connect("alice")
      await first.next("Registered")
      const second = await connect("Alice")
      expect(await second.next("Registered")).toMatchObject({ nick: "Alice" })
      await first.next("Replaced")
      await first.whenClosed()
      second.send({ _tag: "List", id: 2 })
      const list = await second.next("Clients")
      expect(list._tag === "Clients" && list.clients[0]?.fingerprint).toMatch(/^(\d{5} ){5}\d{5}$/)
      await Promise.all([
        forged.close(),
        stolen.close(),
        misnamed.close(),
        astray.close(),
        meant.close(),
        second.close()
      ])
    }))

  test("takes 300 connections at once, and has nothing left when they are gone", () =>
    serving({}, async (port, server) => {
      const watcher = await LineClient.register(port, "watcher")
      watcher.send({ _tag: "Watch", id: 1 })
      await watcher.next("Watching")
      const crowd = await Promise.all(Array.from({ length: 300 }, (_, i) => LineClient.register(port, `guest${i}`)))
      // In order, in far fewer lines than events if they come too fast, and the last one is told in any case.
      const upTo = async (version: number) => {
        let before = 0
        while (before < version) {
          const event = await watcher.next()
          const next = "version" in event ? event.version : 0
          expect(next).toBeGreaterThan(before)
          before = next
        }
        expect(before).toBe(version)
      }
      await upTo(301)
      await Promise.all(crowd.map((client) => client.close()))
      await upTo(601)
      expect(await Effect.runPromise(server.stats)).toMatchObject({ connections: 1, live: 1, names: 301, watchers: 1 })
      await watcher.close()
    }))

  test("tells those who are here where they come from when strangers have used up what is for all", () =>
    serving({ stun: { each: defaults.stun.each, all: { burst: 1, perSecond: 0.001 } } }, async (port, server) => {
      const stranger = await LineClient.connect(port)
      const welcome = await stranger.next("Welcome")
      const [udp] = welcome._tag === "Welcome" ? welcome.udp : []
      const asking = createSocket("udp4")
      let asked = 0
      const ask = async (): Promise<ReflectorStats | undefined> => {
        asking.send(Buffer.from("000100002112a442000102030405060708090a0b", "hex"), udp!, "127.0.0.1")
        asked++
        for (;;) {
          const { reflector } = await Effect.runPromise(server.stats)
          if (reflector !== undefined && reflector.answered + reflector.limited === asked) return reflector
          await setImmediate()
        }
      }
      expect(await ask()).toMatchObject({ answered: 1 })
      expect(await ask()).toMatchObject({ answered: 1, limited: 1 })
      const client = await LineClient.register(port, "known")
      expect(await ask()).toMatchObject({ answered: 2, limited: 1 })
      asking.close()
      await Promise.all([stranger.close(), client.close()])
    }))

  test("turns connections away beyond its bound, with a word", () =>
    serving({ maxConnections: 2 }, async (port, server) => {
      const inside = await Promise.all([LineClient.register(port, "a"), LineClient.register(port, "b")])
      const outside = await LineClient.connect(port)
      await outside.next("Busy")
      await outside.whenClosed()
      expect(await Effect.runPromise(server.stats)).toMatchObject({ refused: 1, connections: 2 })
      await Promise.all(inside.map((client) => client.close()))
    }))

  test("tells everybody when it goes down, and leaves the port free", async () => {
    const clients: Array<LineClient> = []
    let used = 0
    await serving({ port: await freePort() }, async (port) => {
      used = port
      for (const nick of ["alice", "bob"]) clients.push(await LineClient.register(port, nick))
      clients.push(await LineClient.connect(port))
      await clients[2]!.next("Welcome")
    })
    for (const client of clients) {
      expect(await client.next("Restarting")).toMatchObject(defaults.restart)
      await client.whenClosed()
    }
    await serving({ port: used }, async (port) => {
      expect(port).toBe(used)
    })
  })

  test("fails clearly when the port is in use", () =>
    serving({}, async (port) => {
      const second = Layer.build(Layer.provide(Server.layerStandalone({ host: "127.0.0.1", port }), platform))
      const exit = await Effect.runPromiseExit(Effect.scoped(second))
      const failure = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : undefined
      expect(failure).toMatchObject({ value: { _tag: "ListenError", reason: "AddressInUse" } })
    }))
})
