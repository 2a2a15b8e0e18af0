import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import type { SendSettings } from "../../../src/cli/commands/Send.js"
import { ExitCode } from "../../../src/cli/ExitCode.js"
import * as SendProgram from "../../../src/cli/oneshot/SendProgram.js"
import type { Fingerprint } from "../../../src/domain/Fingerprint.js"
import { Disk } from "../../../src/layers/memory/Disk.js"
import { MAX_MESSAGE } from "../../../src/protocol/ChatRecord.js"
import { type World, world } from "../../client/World.js"
import { errand, settings } from "./RunCommand.js"

const send = (world: World, more: Partial<SendSettings> = {}, options: Parameters<typeof errand>[2] = {}) =>
  errand(world, SendProgram.run({ ...settings, nick: "alice", to: "bob", text: "hi", keep: false, ...more }), options)

describe("parley send", () => {
  it("succeeds when the other application has shown the message, without an answer of the person", () =>
    world(function* (world) {
      yield* world.server()
      const bob = yield* world.person("bob")
      yield* bob.client.watch()
      const { failure, lines } = yield* send(world, { text: "one\ntwo" })
      expect(failure).toBeUndefined()
      expect(lines).toEqual([
        { event: "delivered", peer: "bob", id: expect.stringMatching(/^[0-9a-f]{32}$/), ms: expect.any(Number) }
      ])
      expect(bob.texts).toEqual(["one\ntwo"])
      yield* bob.next("Left", { nick: "alice" })
    }))

  it("says nothing on success, and on a terminal how it goes on", () =>
    world(function* (world) {
      yield* world.server()
      yield* world.person("bob")
      const quiet = yield* send(world, { json: false })
      expect(quiet).toEqual({ failure: undefined, lines: [], errors: "" })
      const { errors } = yield* send(world, { json: false, nick: "carol" }, { interactive: true })
      expect(errors.split("\n")).toEqual([
        expect.stringMatching(/^\* the way to 192\.0\.2\.1:9090 is not encrypted: /),
        "* calling bob",
        expect.stringMatching(/^\* connected to bob /),
        expect.stringMatching(/^\* delivered to bob in /),
        ""
      ])
    }))

  it("names a wrong clock, screen or not", () =>
    world(function* (world) {
      yield* world.server()
      const bob = yield* world.person("bob")
      const sent = yield* send(world, { json: false }, { wall: () => Date.UTC(1970, 0, 2) })
      expect(sent).toMatchObject({ failure: undefined, lines: [] })
      expect(sent.errors).toMatch(/^parley: this machine's clock is \d+ years behind the server's, .*set it.*\n$/)
      expect(bob.texts).toEqual(["hi"])
    }))

  it("sends nothing to another key than the expected one", () =>
    world(function* (world) {
      yield* world.server()
      const bob = yield* world.person("bob")
      const { fingerprint } = yield* bob.client.key()
      const other = fingerprint.replace(/[0-9]$/, (digit) => String((Number(digit) + 1) % 10)) as Fingerprint
      const refused = yield* send(world, { text: "secret", expect: other })
      expect(refused.failure).toMatchObject({ code: "UnexpectedKey", exitCode: ExitCode.refused })
      expect(refused.lines.at(-1)).toMatchObject({ event: "error", code: "UnexpectedKey", exitCode: 5 })
      expect((yield* send(world, { text: "hi", expect: fingerprint as Fingerprint })).failure).toBeUndefined()
      expect(bob.texts).toEqual(["hi"])
    }))

  it("takes the message from a pipe, without the line break at its end", () =>
    world(function* (world) {
      yield* world.server()
      const bob = yield* world.person("bob")
      yield* bob.client.watch()
      for (const text of [undefined, "-"])
        expect((yield* send(world, { text }, { input: "one\n\ntwo\r\n" })).failure).toBeUndefined()
      expect(bob.texts).toEqual(["one\n\ntwo", "one\n\ntwo"])
      // More than an invitation's worth.
      const longest = "x".repeat(MAX_MESSAGE)
      const waiting = yield* Effect.fork(send(world, { text: "-" }, { input: `${longest}\n` }))
      yield* bob.next("Joined")
      yield* bob.next("Joined")
      yield* bob.next("Joined")
      yield* bob.client.query("alice")
      expect((yield* Fiber.join(waiting)).failure).toBeUndefined()
      expect(bob.texts[2]).toBe(longest)
    }))

  it("refuses what is no message before anybody hears of it", () =>
    world(function* (world) {
      const wrong = { exitCode: ExitCode.usage }
      expect((yield* send(world, { text: "" })).failure).toMatchObject(wrong)
      expect((yield* send(world, { text: "ä".repeat(MAX_MESSAGE / 2 + 1) })).failure).toMatchObject(wrong)
      for (const input of ["", "\n", "x".repeat(MAX_MESSAGE + 1), "x".repeat(MAX_MESSAGE + 3)])
        expect((yield* send(world, { text: "-" }, { input })).failure).toMatchObject(wrong)
      const { failure } = yield* send(world, { text: undefined }, { interactive: true, input: "hi\n" })
      expect(failure).toMatchObject({ ...wrong, message: expect.stringContaining("Ctrl-D") })
    }))

  it("fails at once without a server, and when nobody has the nickname", () =>
    world(function* (world) {
      const lost = yield* send(world)
      expect(lost.failure).toMatchObject({ code: "ServerUnreachable" })
      expect(lost.lines).toEqual([
        { event: "error", code: "ServerUnreachable", message: expect.any(String), exitCode: ExitCode.failure }
      ])
      yield* world.server()
      const nobody = yield* send(world)
      expect(nobody.failure).toMatchObject({ code: "NoSuchPeer", exitCode: ExitCode.noSuchPeer })
    }))

  it("drops a message that is not delivered in time", () =>
    world(function* (world) {
      yield* world.server()
      const bob = yield* world.person("bob")
      const disk = new Disk()
      bob.cable.unplug()
      const { failure } = yield* send(world, { timeout: 5_000 }, { disk })
      expect(failure).toMatchObject({ code: "Timeout", exitCode: ExitCode.timeout })
      expect(failure?.message).toContain("within 5 s: no way to bob was found; the message was dropped")
      bob.cable.plug()
      expect((yield* send(world, { text: "later" }, { disk })).failure).toBeUndefined()
      expect(bob.texts).toEqual(["later"])
    }))

  it("keeps it when asked to, and whatever waited before it", () =>
    world(function* (world) {
      yield* world.server()
      const bob = yield* world.person("bob")
      const disk = new Disk()
      bob.cable.unplug()
      const kept = yield* send(world, { text: "one", timeout: 5_000, keep: true }, { disk })
      expect(kept.failure?.message).toContain("is kept and goes out when parley runs again as alice")
      const second = yield* send(world, { text: "two", timeout: 5_000 }, { disk })
      expect(second.failure?.message).toContain("is kept behind older ones")
      bob.cable.plug()
      expect((yield* send(world, { text: "three" }, { disk })).failure).toBeUndefined()
      expect(bob.texts).toEqual(["one", "two", "three"])
    }))

  it("waits for an answer when an invitation's worth was said, and says so", () =>
    world(function* (world) {
      yield* world.server()
      const bob = yield* world.person("bob")
      const disk = new Disk()
      for (let i = 0; i < 16; i++) {
        expect((yield* send(world, { text: `${i}` }, { disk })).failure).toBeUndefined()
        yield* bob.next("Incoming")
      }
      const { failure } = yield* send(world, { text: "17th" }, { disk })
      yield* bob.next("Incoming")
      expect(failure).toMatchObject({ exitCode: ExitCode.timeout })
      expect(failure?.message).toContain("bob has not answered your call")
      const waiting = yield* Effect.fork(send(world, { text: "18th" }, { disk }))
      yield* bob.next("Incoming")
      yield* bob.client.query("alice")
      expect((yield* Fiber.join(waiting)).failure).toBeUndefined()
      expect(bob.texts.at(-1)).toBe("18th")
      expect(bob.texts).toHaveLength(17)
    }))

  it("refuses a changed key", () =>
    world(function* (world) {
      const server = yield* world.server()
      const bob = yield* world.person("bob")
      const disk = new Disk()
      yield* send(world, {}, { disk })
      yield* bob.client.exit()
      yield* server.stop
      yield* world.server()
      yield* world.person("bob")
      const { failure } = yield* send(world, {}, { disk })
      expect(failure).toMatchObject({ code: "KeyChanged", exitCode: ExitCode.refused })
    }))

  it("leaves what others say for a client that shows it", () =>
    world(function* (world) {
      yield* world.server()
      const disk = new Disk()
      const alice = yield* world.person("alice", { disk })
      const bob = yield* world.person("bob")
      yield* alice.client.query("bob")
      yield* bob.next("Incoming")
      yield* bob.client.query("alice")
      yield* bob.next("Mutual")
      yield* alice.client.exit()
      yield* alice.stop
      yield* bob.next("Disconnected")
      yield* bob.client.send("alice", "are you there?")
      expect((yield* send(world, {}, { disk })).failure).toBeUndefined()
      expect(bob.count("Delivered")).toBe(0)
      const again = yield* world.person("alice", { disk })
      yield* again.next("Message", { text: "are you there?" })
      yield* bob.next("Delivered")
    }))

  it("does not share a nickname with a program that runs", () =>
    world(function* (world) {
      yield* world.server()
      const disk = new Disk()
      yield* world.person("alice", { disk })
      yield* world.person("bob")
      const { failure } = yield* send(world, {}, { disk })
      expect(failure?.message).toContain("in use by another parley of yours")
    }))
})
