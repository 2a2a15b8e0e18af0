import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { MAX_OUTBOX, MAX_OUTBOX_BYTES } from "../../src/core/peer/chat/Conversation.js"
import { Disk } from "../../src/layers/memory/Disk.js"
import { MAX_MESSAGE } from "../../src/protocol/ChatRecord.js"
import { mutual, type World, world } from "./World.js"

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `${n}`)

/** Two people who have asked for each other. */
const pair = (world: World) =>
  Effect.gen(function* () {
    yield* world.server()
    const people = { alice: yield* world.person("alice"), bob: yield* world.person("bob") }
    yield* mutual(people.alice, people.bob)
    return people
  })

describe("many messages", () => {
  it("go with one call, more of them than an outbox takes, and come in batches, in order", () =>
    world(function* (world) {
      yield* world.server()
      const alice = yield* world.person("alice")
      const bob = yield* world.person("bob", { reads: false })
      const shown: Array<string> = []
      let batches = 0
      yield* Effect.forkScoped(
        Stream.runForEach(bob.client.batches, (events) =>
          Effect.sync(() => {
            batches++
            for (const event of events) if (event._tag === "Message") shown.push(event.text)
          })
        )
      )
      yield* alice.client.query("bob")
      yield* bob.client.query("alice")
      yield* alice.next("Mutual")
      const texts = numbered(MAX_OUTBOX + 100)
      const ids = yield* alice.client.sendAll("bob", texts)
      expect(new Set(ids).size).toBe(texts.length)
      while (shown.length < texts.length) yield* Effect.sleep("100 millis")
      expect(shown).toEqual(texts)
      expect(batches).toBeLessThan(texts.length / 4)
    }))

  it("leave while more of them are still taken", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const before = alice.cable.sent.length
      let hadLeft = 0
      function* texts() {
        yield* numbered(300)
        hadLeft = alice.cable.sent.length - before
        yield "last"
      }
      yield* alice.client.sendAll("bob", texts())
      expect(hadLeft).toBeGreaterThan(0)
      yield* bob.next("Message", { text: "last" })
    }))

  it("go as well where they are long, and more bytes of them than an outbox takes", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const long = "x".repeat(MAX_MESSAGE)
      yield* alice.client.sendAll("bob", new Array<string>(MAX_OUTBOX_BYTES / MAX_MESSAGE + 2).fill(long))
      yield* alice.client.send("bob", "done")
      yield* bob.next("Message", { text: "done" })
      expect(bob.texts.length).toBe(MAX_OUTBOX_BYTES / MAX_MESSAGE + 3)
    }))

  it("come from a stream, and stop with the first that cannot be sent", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      yield* Stream.run(Stream.fromIterable(["one", "two"]), alice.client.sink("bob"))
      const error = yield* Effect.flip(alice.client.sendAll("bob", ["three", "", "four"]))
      expect(error._tag).toBe("BadMessage")
      yield* bob.next("Message", { text: "three" })
      expect(bob.texts).toEqual(["one", "two", "three"])
    }))

  it("fill the outbox for somebody who is away, and the rest waits", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      bob.cable.unplug()
      yield* alice.next("Disconnected")
      const texts = numbered(MAX_OUTBOX + 100)
      const sending = yield* Effect.fork(alice.client.sendAll("bob", texts))
      yield* Effect.sleep("1 minute")
      expect(yield* Effect.flip(alice.client.send("bob", "too much"))).toMatchObject({ _tag: "OutboxFull" })
      bob.cable.plug()
      yield* sending
      yield* bob.next("Message", { text: texts.at(-1)! })
      expect(bob.texts).toEqual(texts)
    }))
})

describe("a slow disk", () => {
  it("holds up neither a message nor its confirmation, but `sent` and what is told after it", () =>
    world(function* (world) {
      yield* world.server()
      const disk = new Disk()
      const alice = yield* world.person("alice", { disk })
      const bob = yield* world.person("bob", { disk: new Disk() })
      yield* mutual(alice, bob)
      yield* alice.client.send("bob", "first")
      yield* alice.next("Delivered")
      disk.delayMs = 5_000
      bob.disk.delayMs = 5_000
      const order: Array<string> = []
      yield* alice.client.send("bob", "second")
      yield* Effect.forkScoped(Effect.tap(alice.client.flushed, () => Effect.sync(() => order.push("sent"))))
      yield* Effect.sleep("1 second")
      expect(bob.texts).toEqual(["first", "second"])
      expect([order, alice.count("Delivered")]).toEqual([[], 1])
      yield* alice.next("Delivered")
      expect(order).toEqual(["sent"])
    }))
})
