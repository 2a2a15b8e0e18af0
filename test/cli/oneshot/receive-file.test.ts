import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import * as ReceiveFile from "../../../src/cli/oneshot/ReceiveFileProgram.js"
import { Disk } from "../../../src/layers/memory/Disk.js"
import { bytes, isSame, until, untilState } from "../../client/files/Pair.js"
import { type Person, type World, world } from "../../client/World.js"
import { full } from "../../support/Effort.js"
import { errand, settings } from "./RunCommand.js"

const SIZE = 12_000_000

const receiving = { ...settings, nick: "bob", from: undefined, to: "/home", yes: true, timeout: undefined, keep: false }

const toOutput = { ...receiving, to: "-", json: false }

/** `receive-file` in the midst of what alice sends, of which more than `since` is there, and her program killed. */
const interrupted = (
  world: World,
  offer: (alice: Person) => Effect.Effect<unknown, unknown>,
  how = receiving,
  since = 200_000
) =>
  Effect.gen(function* () {
    yield* world.server()
    const disk = new Disk()
    disk.delayMs = 20
    const running = yield* Effect.forkScoped(errand(world, ReceiveFile.run(how), { disk, raw: how.to === "-" }))
    const alice = yield* world.person("alice")
    alice.disk.delayMs = 20
    yield* Effect.retry(alice.client.query("bob"), Schedule.spaced("2 seconds"))
    yield* offer(alice)
    yield* until(alice, ({ state, transferred }) => state === "active" && transferred > since)
    yield* alice.kill
    yield* Effect.sleep("5 seconds")
    return { alice, disk, running }
  })

/** The next run of `send-file`. */
const again = (world: World, alice: Person, offer: (alice: Person) => Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const next = yield* world.person("alice", { disk: alice.disk, more: { resume: "none" } })
    yield* next.client.query("bob")
    yield* offer(next)
    return next
  })

const film = (alice: Person) =>
  Effect.suspend(() => {
    alice.files.put("film.mp4", bytes(SIZE))
    return alice.client.files.offer("bob", "film.mp4")
  })

const put = (alice: Person, seed: number, paths: ReadonlyArray<string>) => {
  for (const path of paths) alice.files.put(path, bytes(SIZE / paths.length, seed))
}

describe("a sender who was killed and comes back with something else is served by the same receive-file", () => {
  const cases: ReadonlyArray<{
    readonly name: string
    readonly paths: ReadonlyArray<string>
    readonly offer: (alice: Person) => Effect.Effect<unknown, unknown>
  }> = [
    { name: "a file", paths: ["film.mp4"], offer: ({ client }) => client.files.offer("bob", "film.mp4") },
    {
      name: "a folder",
      paths: ["photos/one", "photos/deep/two"],
      offer: ({ client }) => client.files.offer("bob", "photos")
    },
    {
      name: "several files",
      paths: ["one", "two"],
      offer: ({ client }) => client.files.offer("bob", ["one", "two"])
    }
  ]
  for (const { name, offer, paths } of cases)
    it.runIf(full || name === "a file")(`another version of ${name}`, () =>
      world(function* (world) {
        const { alice, disk, running } = yield* interrupted(world, (alice) => {
          put(alice, 1, paths)
          return offer(alice)
        })
        put(alice, 7, paths)
        const next = yield* again(world, alice, offer)
        yield* untilState(next, "done")
        const { failure, lines } = yield* Fiber.join(running)
        expect(failure).toBeUndefined()
        expect(lines.at(-1)).toMatchObject({ event: "transfer", state: "done" })
        const wanted = bytes(SIZE / paths.length, 7)
        const arrived = disk.files.paths()
        expect(arrived).toHaveLength(paths.length)
        for (const path of arrived) expect(isSame(disk.files.get(path.slice("/home/".length)), wanted)).toBe(true)
        expect(disk.names().filter((name) => name.includes("transfers/"))).toEqual([])
      })
    )

  it("another file; what is there of the first stays for a later run", () =>
    world(function* (world) {
      const { alice, disk, running } = yield* interrupted(world, film)
      alice.files.put("other", bytes(1_000, 3))
      const next = yield* again(world, alice, ({ client }) => client.files.offer("bob", "other"))
      yield* untilState(next, "done")
      expect((yield* Fiber.join(running)).failure).toBeUndefined()
      expect(isSame(disk.files.get("other"), bytes(1_000, 3))).toBe(true)
      const later = yield* Effect.forkScoped(errand(world, ReceiveFile.run(receiving), { disk }))
      yield* next.client.files.offer("bob", "film.mp4")
      yield* until(next, ({ name, state }) => name === "film.mp4" && state === "done")
      expect((yield* Fiber.join(later)).failure).toBeUndefined()
      expect(isSame(disk.files.get("film.mp4"), bytes(SIZE))).toBe(true)
    }))

  it("the same under a new id, as all memory of the first is lost: it goes on with what is there", () =>
    world(function* (world) {
      const { alice, disk, running } = yield* interrupted(world, film)
      for (const name of alice.disk.names()) if (name.includes("transfers/")) alice.disk.remove(name)
      const next = yield* again(world, alice, ({ client }) => client.files.offer("bob", "film.mp4"))
      yield* untilState(next, "done")
      expect(next.cable.sent.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(SIZE)
      expect((yield* Fiber.join(running)).failure).toBeUndefined()
      expect(isSame(disk.files.get("film.mp4"), bytes(SIZE))).toBe(true)
      expect(disk.files.paths()).toEqual(["/home/film.mp4"])
    }))

  it("standard input, which takes its time to come", () =>
    world(function* (world) {
      const input = (seed: number) => (alice: Person) =>
        alice.client.files.offerStream(
          "bob",
          "stdin",
          Stream.concat(Stream.make(bytes(SIZE, seed)), Stream.drain(Stream.fromEffect(Effect.sleep("20 seconds"))))
        )
      const { alice, disk, running } = yield* interrupted(world, input(1))
      const next = yield* again(world, alice, input(7))
      yield* untilState(next, "done")
      expect((yield* Fiber.join(running)).failure).toBeUndefined()
      expect(disk.files.paths()).toEqual(["/home/stdin"])
      expect(isSame(disk.files.get("stdin"), bytes(SIZE, 7))).toBe(true)
    }))
})

describe("receive-file", () => {
  it("ends with an error when the sender who is back has nothing to send any more", () =>
    world(function* (world) {
      const { alice, running } = yield* interrupted(world, ({ client }) =>
        client.files.offerStream("bob", "stdin", Stream.make(bytes(SIZE)))
      )
      yield* again(world, alice, () => Effect.void)
      const { failure } = yield* Fiber.join(running)
      expect(failure).toMatchObject({ exitCode: 1, message: expect.stringContaining("was ended") })
    }))

  it("tells once of an offer that is taken back while the question stands, and waits for the next", () =>
    world(function* (world) {
      yield* world.server()
      const asking = ReceiveFile.run({ ...receiving, yes: false, json: false, timeout: 60_000 })
      const running = yield* Effect.forkScoped(errand(world, asking, { interactive: true, silent: true }))
      const alice = yield* world.person("alice")
      yield* Effect.retry(alice.client.query("bob"), Schedule.spaced("2 seconds"))
      const { id } = yield* film(alice)
      yield* untilState(alice, "offered", id)
      yield* Effect.sleep("10 seconds")
      yield* alice.client.files.cancel(id)
      const { errors, failure } = yield* Fiber.join(running)
      expect(failure).toMatchObject({ exitCode: 4 })
      expect(errors.match(/film.mp4 .* was cancelled/g)).toHaveLength(1)
    }))

  it("does not put two versions into one standard output", () =>
    world(function* (world) {
      const { alice, running } = yield* interrupted(world, film, toOutput)
      alice.files.put("film.mp4", bytes(SIZE, 7))
      const next = yield* again(world, alice, ({ client }) => client.files.offer("bob", "film.mp4"))
      const { failure } = yield* Fiber.join(running)
      expect(failure).toMatchObject({ exitCode: 1, message: expect.stringContaining("it has changed at alice's") })
      expect(next.log.some((event) => event._tag === "Transfer" && event.transfer.state === "done")).toBe(false)
    }))

  it("takes a new version to standard output when nothing of the old one went there", () =>
    world(function* (world) {
      const slow = (alice: Person) =>
        Effect.gen(function* () {
          const offered = yield* film(alice)
          yield* untilState(alice, "offered", offered.id)
          alice.disk.delayMs = 60_000
        })
      const { alice, running } = yield* interrupted(world, slow, toOutput, -1)
      alice.disk.delayMs = 0
      alice.files.put("film.mp4", bytes(SIZE, 7))
      const next = yield* again(world, alice, ({ client }) => client.files.offer("bob", "film.mp4"))
      yield* untilState(next, "done")
      expect((yield* Fiber.join(running)).failure).toBeUndefined()
    }))
})
