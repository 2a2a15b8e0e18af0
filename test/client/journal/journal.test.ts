import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { Disk } from "../../../src/layers/memory/Disk.js"
import { full } from "../../support/Effort.js"
import { copyOf, mutual, type Person, type World, world } from "../World.js"
import { FaultyStore } from "./FaultyStore.js"

const JOURNAL = "profiles/alice/journal"
const MIB = 1024 * 1024

/** Alice has written three messages to bob, who is away, and both programs have ended. */
const parted = (alice: Person, bob: Person) =>
  Effect.gen(function* () {
    yield* mutual(alice, bob)
    yield* bob.client.exit()
    yield* bob.stop
    yield* alice.next("Disconnected", { nick: "bob" })
    for (const text of ["one", "two", "three"]) yield* alice.client.send("bob", text)
    yield* alice.client.exit()
    yield* alice.stop
    yield* Effect.sleep("1 minute")
  })

describe("messages that were not delivered", () => {
  it("wait on disk, and go out by themselves when both are there again, whoever comes first", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      const writtenAt = yield* Clock.currentTimeMillis
      yield* parted(alice, bob)
      expect(alice.disk.names()).toEqual(["profiles/alice/contacts", "profiles/alice/identity", JOURNAL])

      const first = yield* world.person("alice", { disk: alice.disk })
      expect(yield* first.next("Kept")).toMatchObject({ nick: "bob", undelivered: 3 })
      yield* Effect.sleep("5 minutes")
      const back = yield* world.person("bob", { disk: bob.disk, more: { history: true } })
      yield* back.next("Message", { text: "three" })
      expect(back.texts).toEqual(["one", "two", "three"])
      for (const event of back.log) {
        if (event._tag !== "Message") continue
        expect(event.writtenAt).toBeGreaterThanOrEqual(writtenAt)
        expect(event.writtenAt).toBeLessThan(writtenAt + 60_000)
      }
      const { messages } = yield* back.client.history({ nick: "alice" })
      expect(messages.map(({ at, writtenAt }) => at - writtenAt! > 5 * 60_000)).toEqual([true, true, true])
      // The question of the last process counts, as the user has not taken it back.
      yield* first.client.send("bob", "four")
      yield* back.next("Message", { text: "four" })
      yield* first.client.exit()
      yield* first.stop
      const second = yield* world.person("alice", { disk: alice.disk })
      yield* Effect.sleep("1 minute")
      expect([second.count("Kept"), back.texts.length]).toEqual([0, 4])
    }))

  it("go out when the peer asks first", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      yield* parted(alice, bob)
      yield* world.person("alice", { disk: alice.disk })
      yield* Effect.sleep("5 minutes")
      // Under another name he is not recognised by it, but by his key.
      const renamed = copyOf(bob.disk, (name) => name.replace("bob", "bobby"))
      const back = yield* world.person("bobby", { disk: renamed })
      yield* back.client.query("alice")
      yield* back.next("Message", { text: "three" })
      expect(back.texts).toEqual(["one", "two", "three"])
    }))

  it("are for the key that they were written to, and for nobody else of that name", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      yield* parted(alice, bob)
      alice.disk.remove("profiles/alice/contacts")
      const stranger = yield* world.person("bob")
      const back = yield* world.person("alice", { disk: alice.disk })
      yield* back.next("Kept")
      yield* stranger.client.query("alice")
      yield* back.next("Incoming", { nick: "bob" })
      yield* Effect.sleep("2 minutes")
      expect(stranger.texts).toEqual([])
      expect(back.count("Mutual")).toBe(0)
    }))

  it("are dropped when the user leaves the conversation, for good", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      yield* parted(alice, bob)
      const back = yield* world.person("alice", { disk: alice.disk })
      yield* back.next("Kept")
      yield* back.client.leave("BOB")
      yield* back.stop
      const again = yield* world.person("alice", { disk: alice.disk })
      const peer = yield* world.person("bob", { disk: bob.disk })
      yield* Effect.sleep("1 minute")
      expect([again.count("Kept"), peer.count("Incoming"), peer.texts.length]).toEqual([0, 0, 0])
    }))

  it("are not told in clear on the disk", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      yield* mutual(alice, bob)
      bob.cable.unplug()
      yield* alice.client.send("bob", "meet me at the old mill")
      const journal = Buffer.from(alice.disk.read(JOURNAL)!).toString("latin1")
      expect(journal).toContain("parley-journal-v1")
      for (const secret of ["old mill", "bob"]) expect(journal).not.toContain(secret)
    }))
})

/** Two who talk, and the disk of one of them. */
const meeting = (world: World, server?: Parameters<World["server"]>[0]) =>
  Effect.gen(function* () {
    yield* world.server(server)
    const store = new FaultyStore()
    const alice = yield* world.person("alice", { store: store.layer })
    const bob = yield* world.person("bob")
    yield* mutual(alice, bob)
    return { alice, bob, store }
  })

describe("a journal", () => {
  it("is not written anew in the midst of a conversation, but when that rests", () =>
    world(function* (world) {
      const { alice, bob, store } = yield* meeting(world)
      const say = (mebibytes: number) =>
        Effect.gen(function* () {
          const texts = Array.from({ length: 35 * mebibytes }, (_, n) => `${n} ${"x".repeat(30_000)}`)
          yield* alice.client.sendAll("bob", [...texts, "done"])
          yield* bob.next("Message", { text: "done" })
        })
      yield* say(4)
      expect(store.disk.size(JOURNAL)).toBeGreaterThan(4 * MIB)
      yield* Effect.sleep("10 seconds")
      expect(store.disk.size(JOURNAL)).toBeLessThan(MIB)
      if (!full) return
      yield* say(17)
      expect(store.disk.size(JOURNAL)).toBeLessThan(16 * MIB)
    }))

  it("stays small over many messages", () =>
    world(function* (world) {
      const { alice, bob, store } = yield* meeting(world)
      for (let n = 0; n < 60; n++) {
        yield* alice.client.send("bob", `${n} ${"x".repeat(30_000)}`)
        yield* alice.next("Delivered")
      }
      expect(bob.texts.length).toBe(60)
      yield* Effect.sleep("10 seconds")
      expect(store.disk.size(JOURNAL)).toBeLessThan(1_200_000)
    }))

  it("writes what is said at one time with one flush", () =>
    world(function* (world) {
      const { alice, bob, store } = yield* meeting(world)
      yield* alice.client.send("bob", "first")
      yield* alice.next("Delivered")
      const before = store.disk.stats.syncs
      const texts = Array.from({ length: 100 }, (_, n) => `${n}`)
      yield* Effect.forEach(texts, (text) => alice.client.send("bob", text), { concurrency: "unbounded" })
      yield* alice.client.flushed
      expect(store.disk.stats.syncs - before).toBeLessThanOrEqual(2)
      yield* bob.next("Message", { text: "99" })
      expect(bob.texts).toEqual(["first", ...texts])
    }))

  it("is flushed soon after the last of several words, and rests for longer while there are more", () =>
    world(function* (world) {
      const { alice, store } = yield* meeting(world)
      store.syncMs = 20
      yield* alice.client.send("bob", "first")
      yield* alice.next("Delivered")
      const begunAt = yield* Clock.currentTimeMillis
      yield* alice.client.send("bob", "last")
      yield* alice.next("Delivered")
      // The rest is 50 ms.
      expect((yield* Clock.currentTimeMillis) - begunAt).toBeLessThan(40)
      const before = store.disk.stats.syncs
      yield* Effect.forEach(Array.from({ length: 70 }), (_, n) =>
        Effect.zipRight(alice.client.send("bob", `${n}`), Effect.sleep("2 millis"))
      )
      const syncs = store.disk.stats.syncs - before
      expect(syncs, "not for good").toBeGreaterThan(0)
      expect(syncs).toBeLessThanOrEqual(2)
    }))

  it("that cannot be written is told once; chat goes on, and is safe again when there is room", () =>
    world(function* (world) {
      const { alice, bob, store } = yield* meeting(world, { graceMs: 1_000 })
      bob.cable.unplug()
      yield* alice.client.send("bob", "one")
      store.disk.capacity = store.disk.used()
      yield* alice.client.send("bob", "two")
      expect(yield* alice.next("Journal")).toMatchObject({ safe: false, message: expect.stringContaining("full") })
      yield* alice.client.send("bob", "three")
      yield* Effect.sleep("2 minutes")
      expect(alice.count("Journal")).toBe(1)
      bob.cable.plug()
      yield* bob.next("Message", { text: "three" })
      yield* alice.next("Delivered")
      bob.cable.unplug()
      yield* alice.client.send("bob", "four")
      store.disk.capacity = undefined
      yield* alice.next("Journal", { safe: true })

      alice.cable.unplug()
      store.restart()
      yield* alice.stop
      bob.cable.plug()
      yield* world.person("alice", { store: store.layer })
      yield* bob.next("Message", { text: "four" })
      expect(bob.texts).toEqual(["one", "two", "three", "four"])
    }))

  it.each(["Full", "ReadOnly"])("keeps, %s, what it held before", (what) =>
    world(function* (world) {
      const { alice, bob, store } = yield* meeting(world, { graceMs: 1_000 })
      bob.cable.unplug()
      yield* alice.client.send("bob", "one")
      yield* alice.client.flushed
      if (what === "Full") store.disk.capacity = store.disk.used()
      else store.disk.readOnly = true
      yield* alice.client.send("bob", "two")
      alice.cable.unplug()
      store.restart()
      yield* alice.stop
      bob.cable.plug()
      const back = yield* world.person("alice", { store: store.layer })
      yield* bob.next("Message", { text: "one" })
      if (what === "ReadOnly") yield* back.next("Journal", { safe: false })
      yield* back.client.send("bob", "three")
      yield* bob.next("Message", { text: "three" })
      expect(bob.texts).toEqual(["one", "three"])
    })
  )

  it.each([
    ["a later version", "parley-journal-v2\n and more", undefined],
    ["damage", "parley-journal-v1\n and more", `${JOURNAL}.damaged`]
  ])("with %s is told of and not lost", (_, content, copy) =>
    world(function* (world) {
      yield* world.server()
      const bytes = new TextEncoder().encode(content)
      const disk = new Disk()
      disk.replace(JOURNAL, bytes)
      const alice = yield* world.person("alice", { disk })
      const bob = yield* world.person("bob")
      const { message, safe } = yield* alice.next("Journal")
      expect(message).toContain(JOURNAL)
      expect(safe).toBe(copy !== undefined)
      yield* mutual(alice, bob)
      yield* alice.client.send("bob", "hi")
      yield* bob.next("Message", { text: "hi" })
      expect(disk.read(copy ?? JOURNAL)).toEqual(bytes)
    })
  )
})
