import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { ClientOptions } from "../../../src/client/ClientOptions.js"
import type { ClientError } from "../../../src/core/client/ClientError.js"
import type { HistoryQuery } from "../../../src/core/history/HistoryPage.js"
import type { MessageId } from "../../../src/domain/MessageId.js"
import { type Person, type World, world } from "../World.js"

const HISTORY = { more: { history: true } }

const talking = (world: World, more: ClientOptions = HISTORY.more) =>
  Effect.gen(function* () {
    yield* world.server({ graceMs: 1_000 })
    const alice = yield* world.person("alice", { more })
    const bob = yield* world.person("bob", { more })
    yield* alice.client.query("bob")
    yield* bob.client.query("alice")
    yield* alice.next("Mutual")
    yield* bob.next("Mutual")
    return { alice, bob }
  })

const say = (from: Person, to: Person, nick: string, text: string) =>
  Effect.gen(function* () {
    const id = yield* from.client.send(nick, text)
    yield* to.next("Message", { text })
    yield* from.next("Delivered", { id })
    return id
  })

const told = (person: Person, query: HistoryQuery = {}) =>
  Effect.map(person.client.history(query), ({ messages }) =>
    messages.map(({ direction, nick, state, text }) => [direction, nick, text, state])
  )

const codeOf = (call: Effect.Effect<unknown, ClientError>) => Effect.map(Effect.flip(call), ({ _tag }) => _tag)

const files = (person: Person) => person.disk.names().filter((name) => name.includes("history"))

describe("what was said", () => {
  it("is found again in the next run, with what became of it, by nickname, by words and by age", () =>
    world(function* (world) {
      const { alice, bob } = yield* talking(world)
      yield* say(alice, bob, "bob", "Meet me at the old mill")
      yield* Effect.sleep("5 minutes")
      yield* say(bob, alice, "alice", "which MILL?")
      yield* bob.client.exit()
      yield* bob.stop
      yield* alice.next("Disconnected")
      yield* alice.client.send("bob", "are you there?")
      const all = [
        ["sent", "bob", "Meet me at the old mill", "delivered"],
        ["received", "bob", "which MILL?", undefined],
        ["sent", "bob", "are you there?", "sent"]
      ]
      expect(yield* told(alice)).toEqual(all)
      yield* alice.client.exit()
      yield* alice.stop

      const again = yield* world.person("alice", { disk: alice.disk, ...HISTORY })
      expect(yield* told(again, { nick: "Bob" })).toEqual(all)
      expect(yield* told(again, { search: "mill " })).toEqual(all.slice(0, 2))
      expect(yield* told(again, { search: "mill old" })).toEqual(all.slice(0, 1))
      expect(yield* told(again, { limit: 1 })).toEqual(all.slice(2))
      expect(yield* told(again, { nick: "carol" })).toEqual([])
      const { messages } = yield* again.client.history()
      expect(messages[1]!.at - messages[0]!.at).toBeGreaterThanOrEqual(300_000)
      expect(yield* told(again, { before: messages[1]!.at })).toEqual(all.slice(0, 1))

      // What waited is delivered in this run, and known to be.
      const back = yield* world.person("bob", { disk: bob.disk, ...HISTORY })
      yield* again.next("Delivered")
      expect((yield* told(again)).at(-1)).toEqual(["sent", "bob", "are you there?", "delivered"])
      expect((yield* told(back)).map(([direction, , text]) => [direction, text])).toEqual([
        ["received", "Meet me at the old mill"],
        ["sent", "which MILL?"],
        ["received", "are you there?"]
      ])
    }))

  it("is found by the key that we know, and by the name where we know none", () =>
    world(function* (world) {
      yield* world.server({ graceMs: 1_000 })
      const alice = yield* world.person("alice", HISTORY)
      const bob = yield* world.person("bob", HISTORY)
      yield* bob.client.query("alice")
      yield* bob.client.send("alice", "from a stranger")
      yield* alice.next("Message")
      yield* Effect.sleep("1 second")
      yield* alice.client.exit()
      yield* alice.stop
      const again = yield* world.person("alice", { disk: alice.disk, ...HISTORY })
      expect(yield* told(again, { nick: "BOB" })).toEqual([["received", "bob", "from a stranger", undefined]])
    }))

  it("is forgotten on request", () =>
    world(function* (world) {
      const { alice, bob } = yield* talking(world)
      yield* say(alice, bob, "bob", "one")
      yield* alice.client.clearHistory("bob")
      expect([yield* told(alice), files(alice)]).toEqual([[], []])
      yield* Effect.sleep("1 minute")
      expect(files(alice)).toEqual([])
      yield* say(alice, bob, "bob", "two")
      yield* alice.client.clearHistory()
      expect(yield* told(alice)).toEqual([])
      expect(yield* told(bob)).toHaveLength(2)
    }))

  it("is not kept unless that is wanted, nor by a passing identity", () =>
    world(function* (world) {
      const { alice, bob } = yield* talking(world, {})
      yield* say(alice, bob, "bob", "between us")
      const carol = yield* world.person("carol", HISTORY)
      yield* carol.client.register("carola")
      const twin = yield* world.client({ disk: carol.disk, ...HISTORY })
      expect(yield* codeOf(twin.client.history())).toBe("NotRegistered")
      yield* twin.client.register("carol")
      yield* twin.next("Failed", { code: "ProfileInUse" })
      expect(yield* codeOf(twin.client.history())).toBe("HistoryOff")
      expect([files(alice), files(bob)]).toEqual([[], []])
      expect(yield* codeOf(alice.client.history())).toBe("HistoryOff")
      expect(yield* codeOf(alice.client.clearHistory("bob"))).toBe("HistoryOff")
    }))

  it("asks for sensible amounts", () =>
    world(function* (world) {
      yield* world.server()
      const alice = yield* world.person("alice", HISTORY)
      for (const limit of [0, 1.5, 1_001, Number.NaN])
        expect(yield* codeOf(alice.client.history({ limit }))).toBe("History")
      expect(yield* codeOf(alice.client.history({ search: "x".repeat(257) }))).toBe("History")
      expect(yield* told(alice, { search: "  " })).toEqual([])
    }))
})

describe("what was read", () => {
  it("is told by those who choose to, up to the message that was read", () =>
    world(function* (world) {
      const { alice, bob } = yield* talking(world, { history: true, readReceipts: true })
      const ids: Array<MessageId> = []
      for (const text of ["one", "two", "three"]) ids.push(yield* say(alice, bob, "bob", text))
      yield* bob.client.read("Alice", ids[1]!)
      yield* alice.next("Read", { nick: "bob", id: ids[1]! })
      expect((yield* told(alice)).map(([, , , state]) => state)).toEqual(["read", "read", "delivered"])
      yield* bob.client.read("alice", ids[2]!)
      yield* bob.client.read("alice", ids[2]!)
      yield* bob.client.read("alice", ids[0]!)
      yield* alice.next("Read", { id: ids[2]! })
      yield* Effect.sleep("1 minute")
      expect(alice.count("Read")).toBe(2)
      expect(yield* codeOf(bob.client.read("nobody", ids[0]!))).toBe("NotConnected")
    }))

  it("is told by nobody else", () =>
    world(function* (world) {
      const { alice, bob } = yield* talking(world, {})
      const id = yield* say(alice, bob, "bob", "one")
      expect(yield* codeOf(bob.client.read("alice", id))).toBe("ReadReceiptsOff")
      yield* Effect.sleep("1 minute")
      expect(alice.count("Read")).toBe(0)
    }))
})
