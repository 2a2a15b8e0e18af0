import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import { copyOf, mutual, type Person, type World, world } from "./World.js"

/** Alice has asked for bob, and they are connected. */
const acquainted = (alice: Person, bob: Person) =>
  Effect.gen(function* () {
    const channel = yield* alice.client.query("bob")
    yield* bob.next("Incoming", { nick: "alice" })
    yield* alice.next("Connected", { nick: "bob" })
    return channel
  })

/** Alice, who hears and says nothing any more, while a server begins that has never heard of her. */
const cutOff = (world: World) =>
  Effect.gen(function* () {
    const server = yield* world.server()
    const alice = yield* world.person("alice")
    alice.cable.unplug()
    yield* server.stop
    yield* world.server()
    return alice
  })

const codeOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag)

describe("registration", () => {
  it("gives a nickname, lists everybody, and tells of comings and goings", () =>
    world(function* (world) {
      yield* world.server()
      const alice = yield* world.person("alice")
      expect(yield* alice.next("Registered")).toMatchObject({
        nick: "alice",
        address: expect.stringMatching(/^198\.51\.100\.\d+:\d+$/),
        fingerprint: expect.stringMatching(/^(\d{5} ){5}\d{5}$/)
      })
      yield* alice.client.watch("bob")
      const bob = yield* world.person("Bob")
      yield* alice.next("Joined", { nick: "Bob" })
      expect((yield* bob.client.list).map(({ nick }) => nick)).toEqual(["alice", "Bob"])
      yield* bob.client.exit()
      expect(bob.log.at(-1)).toMatchObject({ _tag: "Closed", reason: "exit" })
      yield* alice.next("Left", { nick: "Bob" })
      yield* alice.client.unwatch("bob")
      yield* world.person("Bob")
      yield* world.person("carol")
      yield* alice.client.watch("carol")
      expect(yield* alice.next("Present")).toMatchObject({ nicks: ["carol"] })
      expect(alice.count("Joined"), "bob came back unseen").toBe(1)
      expect((yield* alice.client.list).map(({ nick }) => nick)).toEqual(["alice", "Bob", "carol"])
    }))

  it("passes the server's greeting on, again only when it has changed", () =>
    world(function* (world) {
      const alice = yield* world.client()
      yield* Effect.fork(alice.client.register("alice"))
      for (const motd of ["welcome", "welcome", undefined, "closed tomorrow"]) {
        const server = yield* world.server(motd === undefined ? {} : { motd })
        yield* alice.next("Registered")
        yield* server.stop
        yield* alice.next("ServerLost")
      }
      const texts = alice.log.flatMap((event) => (event._tag === "Greeting" ? [event.text] : []))
      expect(texts).toEqual(["welcome", "closed tomorrow"])
    }))

  it("tells that a nickname is taken, and takes another on the same link", () =>
    world(function* (world) {
      yield* world.server()
      yield* world.person("alice")
      const late = yield* world.client()
      const error = yield* Effect.flip(late.client.register("аlice"))
      expect(error).toMatchObject({ _tag: "NickTaken", suggestions: expect.arrayContaining([expect.any(String)]) })
      expect(late.disk.names().length + late.disk.locks.size).toBe(0)
      yield* late.client.register("carol")
      yield* late.client.register("carola")
      const { fingerprint } = yield* late.next("Registered", { nick: "carola" })
      expect((yield* late.client.list).map(({ nick }) => nick)).toEqual(["alice", "carola"])
      expect(late.disk.names()).toEqual(["names/carola", "profiles/carol/identity", "profiles/carol/journal"])
      // Who comes back under that name is the same person.
      yield* late.client.exit()
      yield* late.stop
      const back = yield* world.person("carola", { disk: late.disk })
      expect(yield* back.next("Registered")).toMatchObject({ fingerprint })
    }))

  it("takes its time over another nickname: a link that nothing is wanted of may end, and is no loss", () =>
    world(function* (world) {
      yield* world.server()
      yield* world.person("alice")
      const late = yield* world.client()
      expect(yield* codeOf(late.client.register("alice"))).toBe("NickTaken")
      yield* Effect.sleep("5 minutes")
      yield* late.client.register("carol")
      expect(late.log.map(({ _tag }) => _tag)).toEqual(["Server", "Registered"])
    }))

  it("waits for a server that is away, and says so meanwhile", () =>
    world(function* (world) {
      const alice = yield* world.client()
      const registering = yield* Effect.fork(alice.client.register("alice"))
      const lost = yield* alice.next("ServerLost")
      expect(lost.retryInMs).toBeLessThanOrEqual(500)
      yield* world.server()
      expect(yield* Fiber.join(registering)).toMatchObject({ nick: "alice" })
    }))

  it.each([
    ["NickInvalid", "no spaces"],
    ["NickReserved", "server"],
    ["Unauthorized", "alice"]
  ])("refuses with %s, in one line", (code, nick) =>
    world(function* (world) {
      yield* world.server(code === "Unauthorized" ? { token: "secret" } : {})
      const { client } = yield* world.client({ token: "guess" })
      const error = yield* Effect.flip(client.register(nick))
      expect(error._tag).toBe(code)
      expect(error.message).toMatch(/^[^\n]+$/)
    })
  )

  it("lets in whoever knows the token", () =>
    world(function* (world) {
      yield* world.server({ token: "secret" })
      yield* world.person("alice", { token: "secret" })
    }))

  it("makes a second start on the same disk somebody else, who finds the nickname taken", () =>
    world(function* (world) {
      yield* world.server()
      const first = yield* world.person("alice")
      const second = yield* world.client({ disk: first.disk })
      expect(yield* codeOf(second.client.register("alice"))).toBe("NickTaken")
      expect(first.count("Closed")).toBe(0)
    }))

  it("gives way for good when the same identity registers from elsewhere", () =>
    world(function* (world) {
      yield* world.server()
      const first = yield* world.person("alice")
      const second = yield* world.person("alice", { disk: copyOf(first.disk) })
      expect(yield* first.next("Closed")).toMatchObject({ reason: "replaced" })
      expect(yield* codeOf(first.client.list)).toBe("Closed")
      yield* Effect.sleep("1 minute")
      expect(second.count("Closed")).toBe(0)
      expect(first.count("ServerLost")).toBe(0)
    }))

  it("names a damaged identity file and does not touch it", () =>
    world(function* (world) {
      yield* world.server()
      const { client, disk } = yield* world.client()
      const bytes = new TextEncoder().encode("parley-identity-v1 nonsense")
      disk.replace("profiles/alice/identity", bytes)
      const error = yield* Effect.flip(client.register("alice"))
      expect(error).toMatchObject({ _tag: "Profile", message: expect.stringContaining("profiles/alice/identity") })
      expect(disk.read("profiles/alice/identity")).toEqual(bytes)
      yield* client.register("carol")
    }))
})

describe("conversation", () => {
  it("goes both ways once both have asked, and not before", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      const channel = yield* acquainted(alice, bob)
      const id = yield* channel.send("hi bob")
      expect(yield* bob.next("Message")).toMatchObject({ from: "alice", text: "hi bob", id })
      yield* alice.next("Delivered", { id })
      expect(yield* codeOf(bob.client.send("alice", "too early"))).toBe("NotConnected")

      const invited = yield* bob.client.channel("alice")
      if (invited?._tag !== "Invited") throw new Error("bob has not asked yet")
      expect(invited).not.toHaveProperty("send")
      const open = yield* invited.accept
      yield* bob.next("Mutual", { nick: "alice" })
      yield* alice.next("Mutual", { nick: "bob" })
      yield* open.send("hi alice")
      yield* bob.client.send("ALICE", "again")
      yield* alice.next("Message", { text: "hi alice" })
      yield* alice.next("Message", { text: "again" })
      expect(bob.count("Incoming")).toBe(1)
      expect(alice.count("Incoming")).toBe(0)
    }))

  it("holds what goes beyond an invitation until it is answered", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      const channel = yield* acquainted(alice, bob)
      for (let i = 0; i < 20; i++) yield* channel.send(`${i}`)
      yield* alice.next("Waiting", { nick: "bob" })
      expect(bob.texts.length).toBeLessThanOrEqual(16)
      yield* bob.client.query("alice")
      yield* bob.next("Message", { text: "19" })
      expect(bob.texts).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`))
    }))

  it("refuses what cannot be asked for or sent", () =>
    world(function* (world) {
      yield* world.server()
      const alone = yield* world.client()
      expect(yield* codeOf(alone.client.query("bob"))).toBe("NotRegistered")
      const alice = yield* world.person("alice")
      const bob = yield* world.person("bob")
      expect(yield* codeOf(alice.client.query("nobody"))).toBe("NoSuchPeer")
      expect((yield* Effect.flip(alice.client.query("#team"))).message).toContain("#team is a group")
      expect(yield* codeOf(alice.client.query("Alice"))).toBe("Yourself")
      expect(yield* codeOf(alice.client.send("bob", "x"))).toBe("NotConnected")
      const channel = yield* acquainted(alice, bob)
      expect(yield* codeOf(channel.send(""))).toBe("BadMessage")
      expect(yield* codeOf(channel.send("x".repeat(64 * 1024 + 1)))).toBe("BadMessage")
      expect(yield* codeOf(alice.client.trust("bob", "12345"))).toBe("NoSuchPeer")
      yield* alice.client.leave("bob")
      yield* bob.next("Disconnected", { nick: "alice", reason: "left" })
      expect(yield* codeOf(channel.send("x"))).toBe("NotConnected")
      yield* alice.client.leave("bob")
    }))

  it("acknowledges only what the consumer is done with, and slows the sender down meanwhile", () =>
    world(function* (world) {
      yield* world.server()
      const alice = yield* world.person("alice")
      const bob = yield* world.person("bob", { reads: false })
      const channel = yield* alice.client.query("bob")
      yield* bob.client.query("alice")
      yield* alice.next("Mutual")
      for (let i = 0; i < 30; i++) yield* channel.send(`${i} ${"x".repeat(30_000)}`)
      yield* Effect.sleep("1 minute")
      expect(alice.count("Delivered")).toBe(0)
      yield* Effect.fork(bob.reading)
      yield* bob.next("Message", { text: `29 ${"x".repeat(30_000)}` })
      yield* Effect.sleep("1 second")
      expect(alice.count("Delivered")).toBe(30)
      yield* bob.client.exit()
      expect(yield* channel.status).toMatchObject({ undelivered: 0 })
    }))
})

describe("outages", () => {
  it("talks on while the server is away, comes back to the nickname, and asks nobody twice", () =>
    world(function* (world) {
      const { alice, bob, server } = yield* world.aliceAndBob()
      yield* mutual(alice, bob)
      yield* server.stop
      yield* alice.next("ServerLost")
      expect(yield* codeOf(alice.client.list)).toBe("ServerUnreachable")
      yield* alice.client.send("bob", "still here?")
      yield* bob.next("Message", { text: "still here?" })
      yield* bob.client.send("alice", "yes")
      yield* alice.next("Message", { text: "yes" })
      yield* Effect.sleep("5 minutes")
      yield* world.server()
      yield* alice.next("Registered", { nick: "alice" })
      yield* bob.next("Registered", { nick: "bob" })
      yield* Effect.sleep("1 minute")
      yield* alice.client.send("bob", "good")
      yield* bob.next("Message", { text: "good" })
      expect([alice.count("Disconnected"), bob.count("Incoming")]).toEqual([0, 1])
    }))

  it("tells when somebody else has taken the nickname meanwhile, and can take another", () =>
    world(function* (world) {
      const alice = yield* cutOff(world)
      yield* world.person("alice")
      alice.cable.plug()
      expect(yield* alice.next("NickTaken", { nick: "alice" })).toMatchObject({ suggestions: expect.any(Array) })
      yield* alice.client.register("alice2")
      yield* alice.next("Registered", { nick: "alice2" })
    }))

  it("takes a nickname back that somebody else had meanwhile, as soon as it is free, and says so once", () =>
    world(function* (world) {
      const alice = yield* cutOff(world)
      const squatter = yield* world.person("alice")
      alice.cable.plug()
      yield* alice.next("NickTaken", { nick: "alice" })
      yield* Effect.sleep("30 seconds")
      yield* squatter.client.register("somebody")
      yield* alice.next("Registered", { nick: "alice" })
      expect(alice.count("NickTaken")).toBe(1)
    }))

  it("answers an invitation while the server is away", () =>
    world(function* (world) {
      const { alice, bob, server } = yield* world.aliceAndBob()
      yield* acquainted(alice, bob)
      yield* server.stop
      yield* bob.next("ServerLost")
      yield* bob.client.query("alice")
      yield* bob.client.send("alice", "hello")
      yield* alice.next("Message", { text: "hello" })
    }))

  it("keeps what a killed peer did not get, and delivers it once when it returns", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      yield* mutual(alice, bob)
      yield* alice.client.send("bob", "one")
      yield* bob.next("Message", { text: "one" })
      yield* alice.next("Delivered")
      yield* bob.kill
      yield* alice.client.send("bob", "two")
      expect(yield* alice.next("Disconnected", { nick: "bob" })).toMatchObject({ reason: "timeout", undelivered: 1 })
      yield* alice.client.send("bob", "three")
      yield* Effect.sleep("10 minutes")

      const reborn = yield* world.person("bob", { disk: bob.disk })
      yield* reborn.next("Message", { text: "two" })
      yield* reborn.next("Message", { text: "three" })
      yield* alice.next("Delivered")
      yield* alice.next("Delivered")
      yield* Effect.sleep("1 minute")
      expect(reborn.texts).toEqual(["two", "three"])
      expect(yield* codeOf(reborn.client.send("alice", "not asked in this life"))).toBe("NotConnected")
    }))

  it("finds a peer again that restarts before anybody has noticed that it was gone", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      yield* mutual(alice, bob)
      yield* bob.kill
      const reborn = yield* world.person("bob", { disk: bob.disk })
      yield* alice.client.send("bob", "are you there?")
      const [took] = yield* Effect.timed(reborn.next("Message", { text: "are you there?" }))
      // Virtual time. A dead peer is noticed after 15 s; the server's word is quicker.
      expect(Duration.toMillis(took)).toBeLessThan(5_000)
      expect(reborn.count("Message")).toBe(1)
    }))

  it("does not ask again for a peer that has left the conversation", () =>
    world(function* (world) {
      const { alice, bob, server } = yield* world.aliceAndBob()
      yield* mutual(alice, bob)
      yield* bob.client.leave("alice")
      yield* alice.next("Disconnected", { nick: "bob", reason: "left" })
      yield* Effect.sleep("5 minutes")
      yield* server.stop
      yield* world.server()
      yield* alice.next("Registered")
      yield* Effect.sleep("5 minutes")
      expect(bob.count("Incoming")).toBe(1)
      yield* alice.client.send("bob", "one more thing")
      yield* bob.next("Message", { text: "one more thing" })
      expect(bob.count("Incoming")).toBe(2)
    }))

  it("lets go of a peer for good, though it was just being asked for again", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      yield* mutual(alice, bob)
      yield* bob.client.leave("alice")
      yield* alice.next("Disconnected", { nick: "bob", reason: "left" })
      // The question leaves with the first of these, and the answer comes after the second.
      yield* alice.client.send("bob", "wait")
      yield* alice.client.leave("bob")
      yield* Effect.sleep("1 minute")
      expect(yield* codeOf(alice.client.send("bob", "unasked"))).toBe("NotConnected")
      expect(bob.texts).toEqual([])
    }))

  it("is left to its end, and can be begun anew, wherever the leaving is interrupted", () =>
    world(function* (world) {
      yield* world.server()
      const alice = yield* world.person("alice")
      yield* world.person("bob")
      for (let before = 0; before < 110; before++) {
        const channel = yield* alice.client.query("bob")
        // Others have their turn after a hundred operations, wherever in the leaving that is.
        let leave = channel.close
        for (let more = 0; more < before; more++) leave = Effect.zipRight(Effect.void, leave)
        const leaving = yield* Effect.fork(Effect.withMaxOpsBeforeYield(leave, 100))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(leaving)
        yield* Effect.timeoutFail(alice.client.leave("bob"), {
          duration: "10 seconds",
          onTimeout: () => new Error(`the leaving never ends, ${before} operations later`)
        })
        // The server answers no more questions than so.
        yield* Effect.sleep("2 seconds")
      }
    }))
})

describe("changed keys", () => {
  it("are refused both ways, naming both fingerprints, until the user trusts the new one", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      const before = (yield* bob.next("Registered")).fingerprint
      yield* mutual(alice, bob)
      yield* bob.client.exit()
      yield* Effect.sleep("1 minute")

      const other = yield* world.person("bob")
      const after = (yield* other.next("Registered")).fingerprint
      const error = yield* Effect.flip(alice.client.query("bob"))
      expect(error).toMatchObject({ _tag: "KeyChanged" })
      for (const part of [before, after]) expect(error.message).toContain(part)

      yield* other.client.query("alice")
      yield* alice.next("Failed", { code: "KeyChanged", nick: "bob" })
      yield* other.client.send("alice", "it is me, really")
      yield* Effect.sleep("2 minutes")
      expect([alice.count("Message"), other.count("Connected")]).toEqual([0, 0])

      yield* alice.client.trust("bob", after.slice(0, 5))
      yield* alice.client.query("bob")
      yield* alice.next("Message", { text: "it is me, really" })
      yield* alice.client.send("bob", "welcome back")
      yield* other.next("Message", { text: "welcome back" })
    }))

  it("are noticed by the next process too: the pin is on the disk", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      yield* mutual(alice, bob)
      yield* alice.client.exit()
      yield* alice.stop
      yield* bob.client.exit()
      yield* Effect.sleep("1 minute")
      const later = yield* world.person("alice", { disk: alice.disk })
      yield* world.person("bob")
      expect(yield* codeOf(later.client.query("bob"))).toBe("KeyChanged")
    }))

  it("do not arise from people we have only been asked by", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob({ graceMs: 1_000 })
      yield* acquainted(alice, bob)
      expect(yield* bob.client.channel("alice")).toMatchObject({ _tag: "Invited" })
      yield* alice.client.exit()
      yield* Effect.sleep("1 minute")
      const stranger = yield* world.person("alice")
      yield* stranger.client.query("bob")
      expect(yield* bob.next("Incoming", { nick: "alice" })).toMatchObject({ known: false })
    }))
})

describe("leaving", () => {
  it("lingers for what is on its way, then says goodbye to everybody", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      yield* mutual(alice, bob)
      yield* alice.client.send("bob", "bye")
      yield* alice.client.exit()
      yield* alice.client.exit()
      expect(alice.log.slice(-3)).toMatchObject([
        { _tag: "Delivered" },
        { _tag: "Disconnected", reason: "closed" },
        { _tag: "Closed", reason: "exit" }
      ])
      yield* bob.next("Message", { text: "bye" })
      yield* bob.next("Disconnected", { nick: "alice", reason: "left" })
      yield* bob.next("Left", { nick: "alice" })
      expect(yield* codeOf(alice.client.send("bob", "x"))).toBe("Closed")
      expect(yield* codeOf(alice.client.register("alice"))).toBe("Closed")
    }))

  it("gives a message that was written at once after the question time to arrive", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      yield* (yield* alice.client.query("bob")).send("just this")
      yield* alice.client.exit()
      yield* bob.next("Message", { text: "just this" })
      expect(alice.count("Delivered")).toBe(1)
    }))

  it("does not linger for somebody who is not there", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      yield* mutual(alice, bob)
      yield* bob.kill
      yield* alice.next("Disconnected")
      yield* alice.client.send("bob", "for later")
      const [took] = yield* Effect.timed(alice.client.exit())
      expect(Duration.toMillis(took)).toBeLessThan(1_000)
    }))

  it("says goodbye when the scope closes, and leaves nothing behind", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      yield* mutual(alice, bob)
      yield* alice.stop
      yield* bob.next("Disconnected", { nick: "alice", reason: "left" })
      yield* bob.next("Left", { nick: "alice" })
      expect(alice.disk.locks.size).toBe(0)
      const sent = alice.cable.sent.length
      yield* Effect.sleep("10 minutes")
      expect(alice.cable.sent.length).toBe(sent)
    }))

  it("ends a registration that still waits for the server", () =>
    world(function* (world) {
      const alice = yield* world.client()
      const registering = yield* Effect.fork(codeOf(alice.client.register("alice")))
      yield* alice.next("ServerLost")
      yield* alice.client.exit()
      expect(yield* Fiber.join(registering)).toBe("Closed")
      expect(alice.disk.locks.size).toBe(0)
    }))
})
