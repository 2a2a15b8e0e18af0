import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { type Person, world } from "./World.js"

const codeOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag)

const HISTORY = { more: { history: true } }

/** The texts of a group, with their authors, in order. */
const heard = ({ log }: Person) =>
  log.flatMap((event) =>
    event._tag === "Message" && event.group?.name === "team" ? [`${event.from}: ${event.text}`] : []
  )

/** Waits until somebody has heard this in the group. */
const hears = (person: Person, text: string) =>
  Effect.async<void>((resume) => {
    const stop = person.watch(() => {
      if (heard(person).includes(text)) resume(Effect.sync(() => void stop()))
    })
  }).pipe(
    Effect.timeoutFail({
      duration: "2 minutes",
      onTimeout: () => new Error(`not heard: ${text}, but ${JSON.stringify(person.log, undefined, 1)}`)
    })
  )

/** Alice has made a group with bob and carol, and both have joined. */
const assembled = (alice: Person, bob: Person, carol: Person) =>
  Effect.gen(function* () {
    yield* alice.client.groups.make("team", ["bob", "carol"])
    for (const other of [bob, carol]) yield* other.next("Group", { change: "invited" })
    for (const other of [bob, carol]) yield* other.client.groups.join("team")
  })

describe("groups of clients", () => {
  it("are made and joined, and each text reaches everybody, who answers to all", () =>
    world(function* (world) {
      yield* world.server()
      const [alice, bob, carol] = [
        yield* world.person("alice"),
        yield* world.person("bob"),
        yield* world.person("carol")
      ]
      yield* assembled(alice, bob, carol)
      const sent = yield* alice.client.groups.send("team", "hello")
      expect(sent).toMatchObject({ to: ["bob", "carol"], without: [], group: { name: "team" } })
      yield* hears(bob, "alice: hello")
      yield* hears(carol, "alice: hello")
      yield* alice.next("Delivered", { id: sent.id })
      yield* alice.next("Delivered", { id: sent.id })
      yield* bob.client.groups.send("#team", "hello alice, hello carol")
      yield* hears(alice, "bob: hello alice, hello carol")
      yield* hears(carol, "bob: hello alice, hello carol")
      yield* carol.client.groups.leave("team")
      yield* alice.next("Group", { change: "left", nick: "carol" })
      expect((yield* alice.client.groups.send("team", "just us")).to).toEqual(["bob"])
      expect(yield* carol.client.groups.list).toEqual([])
    }))

  it("name what is wrong", () =>
    world(function* (world) {
      yield* world.server()
      const [alice, bob] = [yield* world.person("alice"), yield* world.person("bob")]
      const { groups } = alice.client
      expect(yield* codeOf(groups.make("team", ["nobody-here"]))).toBe("NoSuchPeer")
      expect(yield* codeOf(groups.make("two words", ["bob"]))).toBe("NickInvalid")
      expect(yield* codeOf(groups.make("team", ["alice"]))).toBe("Yourself")
      expect(yield* codeOf(groups.send("team", "hi"))).toBe("NoSuchGroup")
      yield* groups.make("team", ["bob"])
      expect(yield* codeOf(groups.send("team", ""))).toBe("BadMessage")
      expect(yield* codeOf(groups.remove("team", "carol"))).toBe("NoSuchPeer")
      yield* bob.next("Group")
      expect(yield* codeOf(bob.client.groups.send("team", "hi"))).toBe("NotJoined")
      expect(yield* codeOf(bob.client.groups.add("team", ["alice"]))).toBe("NotJoined")
      yield* groups.remove("team", "bob")
      expect(yield* codeOf(groups.send("team", "hi"))).toBe("NotConnected")
    }))

  it("are there after a restart; what was said in them before it arrives once, and writing asks for everybody again", () =>
    world(function* (world) {
      yield* world.server({ graceMs: 0 })
      const alice = yield* world.person("alice", HISTORY)
      const bob = yield* world.person("bob", HISTORY)
      let carol = yield* world.person("carol", HISTORY)
      yield* assembled(alice, bob, carol)
      yield* alice.client.groups.send("team", "before")
      yield* hears(carol, "alice: before")
      yield* alice.next("Delivered", { nick: "carol" })
      yield* carol.kill
      yield* alice.client.groups.send("team", "while carol is away")
      yield* bob.client.groups.send("team", "indeed")
      yield* hears(bob, "alice: while carol is away")
      carol = yield* world.person("carol", { ...HISTORY, disk: carol.disk })
      expect(yield* carol.client.groups.list).toMatchObject([
        { name: "team", state: "joined", members: [{ nick: "alice" }, { nick: "bob" }] }
      ])
      yield* hears(carol, "alice: while carol is away")
      yield* hears(carol, "bob: indeed")
      const sent = yield* carol.client.groups.send("team", "back again")
      expect([...sent.to].sort()).toEqual(["alice", "bob"])
      yield* hears(alice, "carol: back again")
      yield* hears(bob, "carol: back again")
      yield* carol.next("Delivered", { id: sent.id })
      yield* carol.next("Delivered", { id: sent.id })
      expect([...heard(carol)].sort()).toEqual(["alice: while carol is away", "bob: indeed"])
      const page = yield* carol.client.history({ nick: "#team" })
      expect(page.messages.map(({ group, nick, state, text }) => [nick, text, group, state])).toEqual([
        ["alice", "before", "team", undefined],
        ...heard(carol).map((one) => [...one.split(": "), "team", undefined]),
        ["#team", "back again", "team", "delivered"]
      ])
      // What was said in the group is not among what was said to each other.
      expect((yield* carol.client.history({ nick: "alice" })).messages).toEqual([])
      expect((yield* carol.client.history()).messages).toHaveLength(4)
    }))

  it("reach somebody who is away when the group is made, if we know their key", () =>
    world(function* (world) {
      yield* world.server({ graceMs: 0 })
      const alice = yield* world.person("alice")
      let bob = yield* world.person("bob")
      yield* alice.client.query("bob")
      yield* bob.next("Incoming")
      yield* bob.client.exit()
      yield* bob.stop
      yield* alice.next("Disconnected")
      yield* alice.client.groups.make("team", ["bob"])
      expect((yield* alice.client.groups.send("team", "for later")).to).toEqual(["bob"])
      bob = yield* world.person("bob", { disk: bob.disk })
      yield* hears(bob, "alice: for later")
      expect(bob.log.filter(({ _tag }) => _tag === "Group")).toHaveLength(1)
    }))

  it("reach a member who lets nobody see their address, through the relay alone", () =>
    world(function* (world) {
      yield* world.server()
      const [alice, bob] = [yield* world.person("alice"), yield* world.person("bob")]
      const carol = yield* world.person("carol", { path: "relay-only" })
      yield* assembled(alice, bob, carol)
      yield* alice.client.groups.send("team", "hello")
      yield* hears(carol, "alice: hello")
      yield* carol.client.groups.send("team", "from behind the relay")
      for (const other of [alice, bob]) yield* hears(other, "carol: from behind the relay")
      const why = yield* alice.client.why("carol")
      expect(why.path?.kind).toBe("relay")
      expect((yield* alice.client.why("bob")).path?.kind).not.toBe("relay")
    }))
})
