import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import * as JsonProgram from "../../src/cli/json/Program.js"
import * as Memory from "../../src/layers/memory/Terminal.js"
import { Terminal } from "../../src/services/Terminal.js"
import { copyOf, type Person, type World, world } from "./World.js"

/** Both have asked for each other. */
const mutual = (one: Person, nick: string, other: Person, otherNick: string) =>
  Effect.gen(function* () {
    yield* one.client.query(otherNick)
    yield* other.next("Incoming", { nick })
    yield* other.client.query(nick)
    yield* one.next("Mutual", { nick: otherNick })
  })

const fingerprintOf = (person: Person) => Effect.map(person.client.key(), ({ fingerprint }) => fingerprint)

/** The same person, with the same key, under another nickname. */
const renamed = (world: World, person: Person, nick: string) =>
  Effect.gen(function* () {
    yield* person.client.exit(0)
    yield* person.stop
    return yield* world.person(nick, {
      disk: copyOf(person.disk, (name) => name.replace(/^profiles\/[^/]+/, `profiles/${nick}`))
    })
  })

/**
 * Bob has called alice; she asks back now, but nothing reaches him any more, so that nobody will have proven his key.
 * Mallory, to whom alice talks as well, comes back under the nickname that bob has left.
 */
const bobsPlaceTaken = (world: World, alice: Person) =>
  Effect.gen(function* () {
    yield* world.server({ graceMs: 1_000 })
    yield* alice.client.register("alice")
    const mallory = yield* world.person("mallory")
    yield* mutual(alice, "alice", mallory, "mallory")
    const bob = yield* world.person("bob")
    yield* bob.client.query("alice")
    yield* alice.next("Incoming", { nick: "bob" })
    // The server finds out later: she can still ask for him.
    bob.cable.unplug()
    return { bob, mallory }
  })

describe("an impostor, with an honest server,", () => {
  it("gets nothing of a conversation that was asked for before anybody connected", () =>
    world(function* (world) {
      const alice = yield* world.client()
      const { bob, mallory } = yield* bobsPlaceTaken(world, alice)
      const { peer } = yield* alice.client.query("bob")
      yield* bob.kill
      yield* alice.client.send("bob", "first")
      yield* Effect.sleep("2 minutes")
      expect(alice.count("Connected"), "bob was never there").toBe(1)
      const posing = yield* renamed(world, mallory, "bob")
      yield* posing.client.query("alice")
      const told = yield* alice.next("Failed", { code: "KeyChanged", nick: "bob" })
      expect(told.change).toEqual({
        known: peer.fingerprint,
        offered: yield* fingerprintOf(posing),
        verified: false
      })
      yield* alice.client.send("bob", "the password is 1234")
      yield* alice.client.send("mallory", "for mallory alone")
      expect((yield* Effect.flip(alice.client.query("bob")))._tag).toBe("KeyChanged")
      yield* Effect.sleep("2 minutes")
      expect(posing.texts).toEqual([])
      yield* posing.client.exit(0)
      yield* Effect.sleep("1 minute")
      const back = yield* world.person("bob", { disk: bob.disk })
      yield* back.next("Message", { text: "the password is 1234" })
      expect(back.texts).toEqual(["first", "the password is 1234"])
    }))

  it("gets nothing in the next run of the program either, nor what waits from the last one", () =>
    world(function* (world) {
      const alice = yield* world.client()
      const { bob, mallory } = yield* bobsPlaceTaken(world, alice)
      yield* alice.client.query("bob")
      yield* bob.kill
      yield* alice.client.send("bob", "for bob alone")
      yield* alice.client.exit(0)
      yield* alice.stop
      yield* Effect.sleep("2 minutes")
      const posing = yield* renamed(world, mallory, "bob")
      const later = yield* world.person("alice", { disk: alice.disk })
      yield* later.next("Kept", { nick: "bob" })
      yield* later.next("Failed", { code: "KeyChanged", nick: "bob" })
      expect((yield* Effect.flip(later.client.query("bob")))._tag).toBe("KeyChanged")
      yield* posing.client.query("alice")
      yield* Effect.sleep("2 minutes")
      expect(posing.texts).toEqual([])
      expect(later.count("Failed"), "each way that it came, once").toBe(2)
    }))

  it("gets nothing from a program that speaks JSON and knows nicknames alone", () =>
    world(function* (world) {
      yield* world.server({ graceMs: 1_000 })
      const alice = yield* world.client({ reads: false })
      const terminal = yield* Memory.make()
      yield* Effect.fork(Effect.provideService(JsonProgram.run(alice.client, "alice"), Terminal, terminal.terminal))
      const command = (one: object) => terminal.type(`${JSON.stringify(one)}\n`)
      const shows = (text: string) =>
        Effect.timeoutFail(terminal.shows(text), {
          duration: "2 minutes",
          onTimeout: () => new Error(`no ${text} in ${terminal.output()}`)
        })
      yield* shows('"registered"')
      const mallory = yield* world.person("mallory")
      command({ cmd: "query", nick: "mallory" })
      yield* mallory.next("Incoming")
      yield* mallory.client.query("alice")
      const bob = yield* world.person("bob")
      yield* bob.client.query("alice")
      yield* shows('"incoming","peer":"bob"')
      bob.cable.unplug()
      command({ cmd: "query", nick: "bob", ref: 1 })
      yield* shows('"ref":1')
      yield* bob.kill
      yield* Effect.sleep("2 minutes")
      const posing = yield* renamed(world, mallory, "bob")
      yield* posing.client.query("alice")
      yield* shows('"code":"KeyChanged"')
      command({ cmd: "send", to: "bob", text: "secret", ref: 2 })
      yield* shows('"ref":2')
      command({ cmd: "query", nick: "bob", expect: yield* fingerprintOf(posing), ref: 3 })
      yield* shows('"ref":3')
      yield* Effect.sleep("2 minutes")
      expect(posing.texts).toEqual([])
      expect(terminal.output()).toContain(`"offered":"${yield* fingerprintOf(posing)}"`)
    }))

  it("who takes the name of somebody unasked is told of, and gets nothing that is said to that name", () =>
    world(function* (world) {
      yield* world.server({ graceMs: 1_000 })
      const alice = yield* world.person("alice")
      const mallory = yield* world.person("mallory")
      yield* mutual(alice, "alice", mallory, "mallory")
      const dave = yield* renamed(world, mallory, "dave")
      yield* dave.client.query("alice")
      const fingerprint = yield* fingerprintOf(dave)
      yield* alice.next("Renamed", { from: "mallory", to: "dave", fingerprint })
      expect((yield* Effect.flip(alice.client.send("dave", "for the real one")))._tag).toBe("NotConnected")
      yield* alice.client.send("mallory", "I know who you are")
      yield* dave.next("Message", { text: "I know who you are" })
      yield* dave.client.send("alice", "hello")
      yield* alice.next("Message", { from: "mallory", text: "hello" })
      // Whoever asks for the name means the key that has it now.
      expect((yield* alice.client.query("dave")).peer).toMatchObject({ nick: "dave", fingerprint, trust: "known" })
      yield* alice.client.send("dave", "so be it")
      yield* dave.next("Message", { text: "so be it" })
      expect(dave.texts).toEqual(["I know who you are", "so be it"])
    }))

  it("is not trusted instead of the one whose key was compared (M5)", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      yield* mutual(alice, "alice", bob, "bob")
      yield* bob.client.exit(0)
      yield* Effect.sleep("1 minute")
      const again = yield* world.person("bob")
      const compared = yield* fingerprintOf(again)
      yield* again.client.query("alice")
      yield* alice.next("Failed", { code: "KeyChanged" })
      yield* again.client.exit(0)
      yield* again.stop
      yield* Effect.sleep("1 minute")
      const stranger = yield* world.person("bob")
      yield* stranger.client.query("alice")
      yield* alice.next("Failed", { code: "KeyChanged" })
      yield* alice.client.trust("bob", compared.slice(0, 5))
      expect((yield* alice.client.key("bob")).fingerprint).toBe(compared)
      expect((yield* Effect.flip(alice.client.query("bob")))._tag).toBe("KeyChanged")
      yield* stranger.client.exit(0)
      yield* Effect.sleep("1 minute")
      yield* world.person("bob", { disk: again.disk })
      expect((yield* alice.client.query("bob")).peer.fingerprint).toBe(compared)
    }))

  it("of somebody who was verified stops both, until alice decides; and the pair has one number", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      yield* mutual(alice, "alice", bob, "bob")
      const number = (yield* alice.client.key("bob")).pairNumber!
      expect(number).toMatch(/^\d{5}( \d{5}){11}$/)
      expect((yield* bob.client.key("alice")).pairNumber).toBe(number)
      expect((yield* Effect.flip(alice.client.verify("bob", "00000")))._tag).toBe("NoSuchKey")
      yield* alice.client.verify("bob", number)
      expect(yield* alice.client.key("bob")).toMatchObject({ trust: "verified" })
      yield* bob.kill
      yield* Effect.sleep("2 minutes")
      const posing = yield* world.person("bob")
      yield* posing.client.query("alice")
      expect((yield* alice.next("Failed", { code: "KeyChanged" })).change?.verified).toBe(true)
      expect((yield* Effect.flip(alice.client.send("bob", "secret")))._tag).toBe("KeyChanged")
      yield* posing.client.exit(0)
      yield* Effect.sleep("1 minute")
      // Bob himself is not talked to before she has decided; nor is he after a restart.
      const back = yield* world.person("bob", { disk: bob.disk })
      expect((yield* Effect.flip(alice.client.query("bob")))._tag).toBe("KeyChanged")
      yield* alice.client.exit(0)
      yield* alice.stop
      const later = yield* world.person("alice", { disk: alice.disk })
      expect((yield* Effect.flip(later.client.query("bob")))._tag).toBe("KeyChanged")
      yield* later.client.trust("bob", (yield* fingerprintOf(back)).slice(0, 5))
      expect((yield* later.client.query("bob")).peer).toMatchObject({ trust: "verified" })
      yield* later.client.send("bob", "there you are")
      yield* back.next("Message", { text: "there you are" })
    }))
})

describe("people", () => {
  it("who are expected with another key get nothing, in whatever state we are", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      const own = yield* fingerprintOf(alice)
      const right = yield* fingerprintOf(bob)
      expect((yield* Effect.flip(alice.client.query("bob", { expect: "12345" })))._tag).toBe("NoSuchKey")
      const wrong = yield* Effect.flip(alice.client.query("bob", { expect: own }))
      expect(wrong).toMatchObject({ _tag: "UnexpectedKey", expected: own, offered: right })
      yield* Effect.sleep("1 minute")
      expect([bob.count("Connected"), alice.count("Connected")]).toEqual([0, 0])
      expect(yield* alice.client.contacts).toEqual([])
      yield* alice.client.query("bob", { expect: right.replaceAll(" ", "") })
      yield* alice.next("Connected", { fingerprint: right, trust: "new" })
      expect((yield* Effect.flip(alice.client.query("bob", { expect: own })))._tag, "connected").toBe("UnexpectedKey")
    }))

  it("who are blocked find nobody, under whatever name and in the next run too, until they are unblocked", () =>
    world(function* (world) {
      yield* world.server({ graceMs: 1_000 })
      const alice = yield* world.person("alice")
      const mallory = yield* world.person("mallory")
      yield* mutual(alice, "alice", mallory, "mallory")
      yield* alice.client.block("mallory")
      expect((yield* Effect.flip(alice.client.send("mallory", "x")))._tag).toBe("NotConnected")
      expect((yield* Effect.flip(alice.client.query("mallory")))._tag).toBe("Blocked")
      expect(yield* alice.client.list).toContainEqual(expect.objectContaining({ nick: "mallory", blocked: true }))
      yield* mallory.client.send("alice", "hello?")
      const seen = alice.log.length
      const other = yield* renamed(world, mallory, "dave")
      yield* other.client.query("alice")
      yield* other.client.send("alice", "hello?")
      yield* Effect.sleep("2 minutes")
      const heard = alice.log.slice(seen).filter(({ _tag }) => !["Joined", "Left"].includes(_tag))
      expect(heard).toEqual([])
      yield* alice.client.exit(0)
      yield* alice.stop
      const later = yield* world.person("alice", { disk: alice.disk })
      yield* other.client.leave("alice")
      yield* other.client.query("alice")
      yield* Effect.sleep("1 minute")
      expect([later.count("Incoming"), later.texts]).toEqual([0, []])
      expect(yield* later.client.contacts).toMatchObject([{ nick: "mallory", blocked: true }])
      yield* later.client.unblock("mallory")
      yield* other.client.leave("alice")
      yield* other.client.query("alice")
      yield* later.next("Incoming", { nick: "dave", knownAs: "mallory" })
    }))

  it("who are blocked lose what waits for them from the last run", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      yield* mutual(alice, "alice", bob, "bob")
      yield* bob.kill
      yield* alice.client.send("bob", "never read")
      yield* alice.client.exit(0)
      yield* alice.stop
      const later = yield* world.person("alice", { disk: alice.disk })
      yield* later.next("Kept", { nick: "bob" })
      yield* later.client.block("bob")
      yield* later.client.unblock("bob")
      yield* later.client.exit(0)
      yield* later.stop
      const last = yield* world.person("alice", { disk: alice.disk })
      const back = yield* world.person("bob", { disk: bob.disk })
      yield* last.client.query("bob")
      yield* last.client.send("bob", "hello again")
      yield* back.next("Message")
      expect([last.count("Kept"), back.texts]).toEqual([0, ["hello again"]])
    }))

  it("who have another nickname when they come back get what waits for them", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      yield* mutual(alice, "alice", bob, "bob")
      const robert = yield* renamed(world, bob, "robert")
      yield* alice.client.send("bob", "whatever you are called")
      yield* robert.next("Message", { text: "whatever you are called" })
      yield* alice.next("Renamed", { from: "bob", to: "robert" })
    }))

  it("are blocked by a fingerprint that was never met", () =>
    world(function* (world) {
      yield* world.server()
      const alice = yield* world.person("alice")
      const mallory = yield* world.person("mallory")
      expect((yield* Effect.flip(alice.client.block("mallory")))._tag).toBe("NoSuchPeer")
      yield* alice.client.block(yield* fingerprintOf(mallory))
      yield* mallory.client.query("alice")
      yield* Effect.sleep("1 minute")
      expect([alice.count("Incoming"), mallory.count("Connected")]).toEqual([0, 0])
    }))

  it("who are known are answered by themselves in the next run, and strangers are not heard", () =>
    world(function* (world) {
      yield* world.server({ graceMs: 1_000 })
      const more = { acceptCalls: "known", answer: "known" } as const
      const alice = yield* world.person("alice", { more })
      const bob = yield* world.person("bob")
      yield* alice.client.query("bob")
      yield* bob.client.query("alice")
      yield* alice.next("Mutual")
      yield* alice.client.exit(0)
      yield* alice.stop
      const later = yield* world.person("alice", { disk: alice.disk, more })
      yield* bob.client.leave("alice")
      yield* bob.client.query("alice")
      expect(yield* later.next("Incoming")).toMatchObject({
        nick: "bob",
        known: true,
        answered: true,
        trust: "known"
      })
      yield* bob.next("Mutual", { nick: "alice" })
      yield* later.client.send("bob", "without a word of mine")
      yield* bob.next("Message", { text: "without a word of mine" })
      const stranger = yield* world.person("eve")
      yield* stranger.client.query("alice")
      yield* Effect.sleep("2 minutes")
      expect([later.count("Incoming"), stranger.count("Connected")]).toEqual([1, 0])
      // What was taken back stays so, also in a run that has not talked to them, and also when it is killed.
      yield* later.client.exit(0)
      yield* later.stop
      const silent = yield* world.person("alice", { disk: alice.disk })
      yield* silent.client.leave("bob")
      yield* Effect.sleep("1 second")
      yield* silent.kill
      yield* Effect.sleep("2 minutes")
      const last = yield* world.person("alice", { disk: alice.disk, more })
      yield* bob.client.leave("alice")
      yield* bob.client.query("alice")
      expect(yield* last.next("Incoming")).toMatchObject({ answered: false })
    }))

  it("are marked on the list where the server claims another key than they have", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      yield* mutual(alice, "alice", bob, "bob")
      const known = yield* fingerprintOf(bob)
      expect((yield* alice.client.list).find(({ nick }) => nick === "bob")).not.toHaveProperty("differsFrom")
      const robert = yield* renamed(world, bob, "robert")
      yield* Effect.sleep("1 minute")
      yield* world.person("bob")
      const list = yield* alice.client.list
      expect(list.find(({ nick }) => nick === "bob")).toMatchObject({ differsFrom: known })
      expect(list.find(({ nick }) => nick === "robert")).toMatchObject({ knownAs: "bob" })
      yield* robert.client.exit(0)
      yield* alice.client.forget("bob")
      expect(yield* alice.client.contacts).toEqual([])
      expect((yield* alice.client.list).find(({ nick }) => nick === "bob")).not.toHaveProperty("differsFrom")
      yield* alice.client.query("bob")
    }))
})
