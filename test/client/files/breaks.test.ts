import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { type Person, type World, world } from "../World.js"
import { bytes, isSame, pair, until, untilState } from "./Pair.js"

const SIZE = 6_000_000

/** A transfer is under way, with some of it there. */
const underWay = (world: World) =>
  Effect.gen(function* () {
    const { alice, bob } = yield* pair(world)
    alice.files.put("film.mp4", bytes(SIZE))
    const { id } = yield* alice.client.files.offer("bob", "film.mp4")
    yield* untilState(bob, "offered", id)
    yield* bob.client.files.accept(id)
    yield* until(bob, ({ transferred }) => transferred > 2_000_000)
    return { alice, bob, id }
  })

/** The program ends without a goodbye, and a new one begins on the same machine. */
const restart = (world: World, nick: string, person: Person) =>
  Effect.gen(function* () {
    yield* person.kill
    yield* Effect.sleep("5 seconds")
    return yield* world.person(nick, { disk: person.disk })
  })

const arrived = (alice: Person, bob: Person, id: string) =>
  Effect.gen(function* () {
    yield* untilState(bob, "done", id)
    yield* untilState(alice, "done", id)
    expect(isSame(bob.files.get("film.mp4"), bytes(SIZE))).toBe(true)
    yield* Effect.sleep("2 minutes")
    expect(bob.files.paths()).toEqual(["/home/film.mp4"])
    for (const { disk } of [alice, bob]) expect(disk.names().filter((name) => name.includes("transfers/"))).toEqual([])
  })

const sentBy = (person: Person) => person.cable.sent.reduce((sum, { length }) => sum + length, 0)

describe("a transfer goes on", () => {
  it("when the connection breaks and comes back, with what is missing", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* underWay(world)
      bob.cable.unplug()
      yield* alice.next("Disconnected")
      yield* untilState(alice, "waiting", id)
      yield* untilState(bob, "waiting", id)
      bob.cable.plug()
      yield* arrived(alice, bob, id)
      expect(sentBy(alice)).toBeLessThan(1.8 * SIZE)
    }))

  it("when the receiver's program is killed", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* underWay(world)
      const again = yield* restart(world, "bob", bob)
      yield* arrived(alice, again, id)
      expect(sentBy(alice)).toBeLessThan(1.8 * SIZE)
    }))

  it("when the sender's program is killed", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* underWay(world)
      const again = yield* restart(world, "alice", alice)
      yield* arrived(again, bob, id)
      expect(sentBy(again)).toBeLessThan(SIZE)
    }))

  it("when both are killed, and what the receiver had written is partly lost", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* underWay(world)
      yield* alice.kill
      yield* bob.kill
      let page = 0
      const fates = ["new", "new", "new", "old", "garbage"] as const
      bob.files.losePower(() => fates[Math.floor(page++ / 200) % fates.length]!)
      yield* Effect.sleep("5 seconds")
      const alice2 = yield* world.person("alice", { disk: alice.disk })
      const bob2 = yield* world.person("bob", { disk: bob.disk })
      yield* arrived(alice2, bob2, id)
    }))

  it("not with a source that has changed meanwhile: both are told", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* underWay(world)
      yield* alice.kill
      alice.files.put("film.mp4", bytes(SIZE, 7))
      yield* Effect.sleep("5 seconds")
      const again = yield* world.person("alice", { disk: alice.disk })
      yield* untilState(again, "failed", id)
      expect(yield* untilState(bob, "failed", id)).toMatchObject({
        message: "it has changed at alice's since it was offered"
      })
      expect(bob.files.get("film.mp4")).toBeUndefined()
    }))

  it("not when it was cancelled while the other side was away: it is told later", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* underWay(world)
      bob.cable.unplug()
      yield* alice.next("Disconnected")
      yield* alice.client.files.cancel(id)
      bob.cable.plug()
      expect(yield* untilState(bob, "cancelled", id)).toMatchObject({ message: "alice has cancelled it" })
    }))
})
