import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { Disk } from "../../../src/layers/memory/Disk.js"
import * as MemoryStore from "../../../src/layers/memory/Store.js"
import { Store } from "../../../src/services/Store.js"
import { type World, world } from "../World.js"
import { begun, nothingLeft, SIZE, streaming } from "./Ends.js"
import { bytes, isSame, meet, pair, states, until, untilState } from "./Pair.js"

describe("a sender that was killed", () => {
  it("and knows of nothing afterwards: the receiver learns so from the next process", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* streaming(world)
      yield* alice.kill
      yield* Effect.sleep("5 seconds")
      const again = yield* world.person("alice", { disk: alice.disk })
      yield* meet(again, bob)
      expect(yield* untilState(bob, "failed", id)).toMatchObject({ message: expect.stringContaining("was ended") })
      yield* Effect.sleep("10 seconds")
      nothingLeft(bob)
    }))

  it("is not gone on with by a process that is about something else", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* begun(world)
      yield* alice.kill
      yield* Effect.sleep("5 seconds")
      const { files } = alice
      files.put("other.txt", bytes(1_000))
      const again = yield* world.person("alice", { disk: alice.disk, more: { resume: "none" } })
      yield* meet(again, bob)
      const { id: second } = yield* again.client.files.offer("bob", "other.txt")
      yield* untilState(bob, "offered", second)
      yield* bob.client.files.accept(second)
      yield* untilState(again, "done", second)
      yield* Effect.sleep("1 minute")
      expect(states(again)).toEqual(["done"])
      // The other one is not lost: offering the same file goes on with it.
      const resumed = yield* again.client.files.offer("bob", "film.mp4")
      expect(resumed.id).toBe(id)
      yield* untilState(bob, "done", id)
      expect(isSame(bob.files.get("film.mp4"), bytes(SIZE))).toBe(true)
    }))

  it("and whose source has changed: the old offer ends, the new one stands", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* begun(world)
      yield* alice.kill
      yield* Effect.sleep("5 seconds")
      alice.files.put("film.mp4", bytes(SIZE, 7))
      const again = yield* world.person("alice", {
        disk: alice.disk,
        more: { resume: "none" }
      })
      yield* meet(again, bob)
      const offered = yield* again.client.files.offer("bob", "film.mp4")
      expect(offered.id).not.toBe(id)
      expect(yield* untilState(bob, "failed", id)).toMatchObject({
        message: "it has changed at alice's since it was offered"
      })
      yield* untilState(bob, "offered", offered.id)
    }))
})

describe("a sender that ends as soon as it has heard of the end", () => {
  it.each(["declined", "done"] as const)("leaves nothing of it written down: %s", (end) =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      alice.files.put("note.txt", bytes(100))
      const { id } = yield* alice.client.files.offer("bob", "note.txt")
      yield* untilState(bob, "offered", id)
      const kept = () => alice.disk.names().filter((name) => name.includes("transfers/"))
      expect(kept()).toHaveLength(1)
      const leaving = yield* Effect.fork(Effect.zipRight(untilState(alice, end, id), alice.stop))
      yield* end === "done" ? bob.client.files.accept(id) : bob.client.files.decline(id)
      yield* Fiber.join(leaving)
      // Its last word is followed by its goodbye.
      yield* Effect.sleep("5 seconds")
      expect(bob.disk.names().filter((name) => name.includes("transfers/"))).toEqual([])
      expect(kept()).toEqual([])
    })
  )
})

describe("a receiver that was killed", () => {
  it("goes on with the same thing when its sender, who has given up, offers it anew", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* begun(world)
      yield* bob.kill
      yield* alice.kill
      yield* Effect.sleep("5 seconds")
      // The sender has lost all memory of it.
      for (const name of alice.disk.names()) if (name.includes("transfers/")) alice.disk.remove(name)
      const bob2 = yield* world.person("bob", { disk: bob.disk })
      const alice2 = yield* world.person("alice", { disk: alice.disk })
      yield* meet(alice2, bob2)
      const { id: second } = yield* alice2.client.files.offer("bob", "film.mp4")
      expect(second).not.toBe(id)
      yield* until(bob2, (transfer) => transfer.id === id && transfer.state !== "waiting")
      yield* Effect.sleep("1 minute")
      expect(states(bob2)).not.toContain("waiting")
    }))
})

describe("a receiver that is about to be killed", () => {
  it("puts nothing into the user's folder before it is written down what that is", () =>
    world(function* (world) {
      yield* world.server()
      const disk = new Disk()
      const slow = Layer.map(MemoryStore.layerOn(disk), (services) => {
        const store = Context.get(services, Store)
        return Context.make(Store, {
          ...store,
          write: (name: string, content: Uint8Array) =>
            name.includes("transfers/")
              ? Effect.delay(store.write(name, content), "5 seconds")
              : store.write(name, content)
        })
      })
      const alice = yield* world.person("alice")
      const bob = yield* world.person("bob", { disk, store: slow })
      yield* meet(alice, bob)
      alice.files.put("note", bytes(1_000))
      const { id } = yield* alice.client.files.offer("bob", "note")
      yield* untilState(bob, "offered", id)
      const accepting = yield* Effect.fork(bob.client.files.accept(id))
      yield* Effect.sleep("4 seconds")
      expect(disk.names().filter((name) => name.includes("transfers/"))).toEqual([])
      expect(disk.files.paths()).toEqual([])
      yield* Fiber.join(accepting)
      yield* untilState(alice, "done", id)
      expect(disk.files.paths()).toEqual(["/home/note"])
    }))

  it("ends it all the same when that cannot be written down for long, and it is cancelled meanwhile", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      alice.files.put("note", bytes(1_000))
      const { id } = yield* alice.client.files.offer("bob", "note")
      yield* untilState(bob, "offered", id)
      bob.disk.delayMs = 5_000
      const accepting = yield* Effect.fork(bob.client.files.accept(id))
      yield* untilState(bob, "waiting", id)
      yield* bob.client.files.cancel(id)
      yield* Fiber.join(accepting)
      yield* untilState(alice, "cancelled", id)
      yield* Effect.sleep("1 minute")
      nothingLeft(bob)
    }))
})

describe("what is taken as a stream", () => {
  const small = bytes(1_000)
  const offered = (world: World) =>
    Effect.gen(function* () {
      const { alice, bob } = yield* pair(world)
      alice.files.put("note", small)
      const { id } = yield* alice.client.files.offer("bob", "note")
      yield* untilState(bob, "offered", id)
      return { alice, bob, id }
    })

  it("is stored only when its last byte was used", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* offered(world)
      yield* Effect.forkScoped(Stream.runForEach(bob.client.files.acceptStream(id), () => Effect.sleep("10 minutes")))
      yield* Effect.sleep("5 minutes")
      expect(states(alice)).not.toContain("done")
      yield* untilState(alice, "done", id)
    }))

  it("is not stored when its consumer fails with the last of it", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* offered(world)
      const taken = yield* Effect.exit(
        Stream.runForEach(bob.client.files.acceptStream(id), () =>
          Effect.zipRight(bob.client.files.cancel(id, "Storage"), Effect.fail("no room"))
        )
      )
      expect(Exit.isFailure(taken)).toBe(true)
      expect(yield* untilState(alice, "failed", id)).toMatchObject({ message: "bob could not store it" })
    }))
})
