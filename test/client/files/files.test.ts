import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import type { AcceptPolicy } from "../../../src/client/ClientOptions.js"
import { MAX_OPEN } from "../../../src/client/files/TransferTable.js"
import type { TransferId } from "../../../src/core/files/Content.js"
import * as FileName from "../../../src/domain/FileName.js"
import { perfect } from "../../../src/sim/network/Conditions.js"
import { transferId } from "../../support/ids.js"
import { type Person, world } from "../World.js"
import { bytes, isSame, meet, pair, states, until, untilState } from "./Pair.js"

/** Alice offers a file, and bob knows it. */
const offered = (alice: Person, bob: Person, size = 1_000_000, name = "film.mp4") =>
  Effect.gen(function* () {
    alice.files.put(name, bytes(size))
    const { id } = yield* alice.client.files.offer("bob", name)
    yield* untilState(bob, "offered", id)
    return id
  })

/** Nothing of a transfer is left anywhere but in lists. */
const leavesNothing = (...people: ReadonlyArray<Person>) => {
  for (const { disk, files } of people) {
    expect(disk.names().filter((name) => name.includes("transfers/"))).toEqual([])
    expect(files.paths().filter((path) => path.includes("/."))).toEqual([])
  }
}

const codeOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag)

describe("a file", () => {
  it.each([0, 1, 262_143, 262_144, 262_145, 3_000_000])("of %i bytes arrives as it is", (size) =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      alice.files.put("film.mp4", bytes(size), true)
      const sent = yield* alice.client.files.offer("bob", "film.mp4")
      expect(sent).toMatchObject({ direction: "out", nick: "bob", kind: "file", name: "film.mp4", size, files: 1 })
      const offer = yield* untilState(bob, "offered")
      expect(offer).toMatchObject({ id: sent.id, direction: "in", nick: "alice", name: "film.mp4", size })
      yield* bob.client.files.accept(offer.id)
      const stored = yield* untilState(bob, "done")
      expect(stored).toMatchObject({ path: "/home/film.mp4", transferred: size })
      expect(isSame(bob.files.get("film.mp4"), bytes(size))).toBe(true)
      expect(bob.files.isExecutable("film.mp4")).toBe(true)
      expect(yield* untilState(alice, "done")).toMatchObject({ id: sent.id, transferred: size })
      expect(bob.files.paths()).toEqual(["/home/film.mp4"])
      expect((yield* bob.client.files.list).map(({ state }) => state)).toEqual(["done"])
      expect(alice.log.filter(({ _tag }) => _tag === "Failed")).toEqual([])
      yield* Effect.sleep("1 second")
      leavesNothing(alice, bob)
    })
  )

  it("arrives over a way that takes no time at all", () =>
    world(
      function* (world) {
        const { alice, bob } = yield* pair(world)
        const id = yield* offered(alice, bob, 600_000)
        yield* bob.client.files.accept(id)
        yield* untilState(alice, "done")
        expect(isSame(bob.files.get("film.mp4"), bytes(600_000))).toBe(true)
      },
      { link: { ...perfect, latencyMs: 0 } }
    ))

  it("goes where it is told to, and takes the place of nothing", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      bob.files.put("in/film.mp4", bytes(3))
      for (const name of ["film (2).mp4", "film (3).mp4"]) {
        yield* bob.client.files.accept(yield* offered(alice, bob, 5_000), "in")
        expect(yield* until(bob, ({ path }) => path === `/home/in/${name}`)).toMatchObject({ state: "done" })
      }
      expect(bob.files.get("in/film.mp4")).toEqual(bytes(3))
      expect(yield* codeOf(bob.client.files.accept(yield* offered(alice, bob), "nowhere"))).toBe("File")
      // It may still be accepted elsewhere.
      expect((yield* bob.client.files.list).at(-1)).toMatchObject({ state: "offered" })
    }))

  it("cannot be offered to somebody we have not asked for, nor when it is not there", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      yield* bob.client.query("alice")
      yield* alice.next("Incoming")
      alice.files.put("film.mp4", bytes(10))
      expect(yield* codeOf(alice.client.files.offer("bob", "film.mp4"))).toBe("NotConnected")
      expect(yield* codeOf(alice.client.files.offer("nobody", "film.mp4"))).toBe("NotConnected")
      yield* alice.client.query("bob")
      expect(yield* codeOf(alice.client.files.offer("bob", "none"))).toBe("File")
      expect(yield* codeOf(alice.client.files.accept(transferId(0)))).toBe("NoSuchTransfer")
    }))

  it("waits for the other side's consent: not a byte of it leaves before", () =>
    world(function* (world) {
      yield* world.server()
      const alice = yield* world.person("alice")
      const bob = yield* world.person("bob", { more: { accept: "all" } })
      yield* alice.client.query("bob")
      yield* alice.next("Connected")
      alice.files.put("film.mp4", bytes(100_000))
      yield* alice.client.files.offer("bob", "film.mp4")
      yield* untilState(alice, "offered")
      alice.cable.sent.length = 0
      yield* Effect.sleep("1 minute")
      const sent = alice.cable.sent.reduce((sum, { length }) => sum + length, 0)
      expect(sent).toBeLessThan(20_000)
      expect(states(bob)).toEqual([])
      yield* bob.client.query("alice")
      yield* untilState(bob, "done")
    }))
})

describe("a folder", () => {
  it("arrives with everything in it", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const content: Readonly<Record<string, number>> = {
        "a.txt": 10,
        "b/empty": 0,
        "b/c/d.bin": 600_000,
        z: 300_000
      }
      for (const [path, size] of Object.entries(content)) alice.files.put(`things/${path}`, bytes(size, size))
      alice.files.others.add("/home/things/link")
      bob.files.put("things/mine", bytes(1))
      const sent = yield* alice.client.files.offer("bob", "things")
      expect(sent).toMatchObject({ kind: "folder", files: 4, size: 900_010, skipped: 1 })
      yield* bob.client.files.accept((yield* untilState(bob, "offered")).id)
      expect(yield* untilState(bob, "done")).toMatchObject({ path: "/home/things (2)" })
      for (const [path, size] of Object.entries(content))
        expect(isSame(bob.files.get(`things (2)/${path}`), bytes(size, size))).toBe(true)
      expect(bob.files.paths().length).toBe(5)
      yield* untilState(alice, "done")
      yield* Effect.sleep("1 second")
      leavesNothing(alice, bob)
    }))
})

describe("bytes without a file", () => {
  it("are put aside, sent, and forgotten", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const content = Stream.range(1, 100).pipe(Stream.map((seed) => bytes(7_000, seed)))
      const { id, size } = yield* alice.client.files.offerStream("bob", "../log.txt", content)
      expect(size).toBe(700_000)
      expect(yield* untilState(bob, "offered", id)).toMatchObject({ name: FileName.make("../log.txt") })
      const received = yield* bob.client.files.acceptStream(id).pipe(Stream.runCollect)
      const whole = Buffer.concat(Chunk.toReadonlyArray(received))
      expect(whole.length).toBe(700_000)
      expect(isSame(whole.subarray(0, 7_000), bytes(7_000, 1))).toBe(true)
      expect(isSame(whole.subarray(-7_000), bytes(7_000, 100))).toBe(true)
      yield* untilState(alice, "done")
      yield* Effect.sleep("1 second")
      leavesNothing(alice, bob)
    }))

  it("come only as fast as they are taken", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const id = yield* offered(alice, bob, 40_000_000)
      let taken = 0
      yield* bob.client.files.acceptStream(id).pipe(
        Stream.tap((piece) =>
          Effect.sync(() => {
            taken += piece.length
          })
        ),
        Stream.takeWhile(() => taken < 1_000_000),
        Stream.runDrain
      )
      // Who stops taking does not want the rest.
      yield* untilState(alice, "cancelled", id)
      const sent = alice.cable.sent.reduce((sum, { length }) => sum + length, 0)
      expect(sent).toBeLessThan(20_000_000)
      expect(yield* untilState(bob, "cancelled", id)).toBeDefined()
    }))

  it("fail with what made them, and nothing is offered", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const content = Stream.concat(Stream.make(bytes(10)), Stream.fail({ _tag: "Mine" as const }))
      expect(yield* codeOf(alice.client.files.offerStream("bob", "x", content))).toBe("Mine")
      yield* Effect.sleep("1 minute")
      expect(states(bob)).toEqual([])
      leavesNothing(alice)
    }))
})

describe("an end before the end", () => {
  it("comes when the offer is declined", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const id = yield* offered(alice, bob)
      yield* bob.client.files.decline(id)
      expect(yield* untilState(alice, "declined", id)).toMatchObject({ message: "bob does not want it" })
      expect(yield* codeOf(bob.client.files.accept(id))).toBe("NoSuchTransfer")
      expect(yield* codeOf(alice.client.files.cancel(id))).toBe("NoSuchTransfer")
      yield* Effect.sleep("1 second")
      leavesNothing(alice, bob)
    }))

  for (const who of ["alice", "bob"] as const)
    for (const when of ["offered", "active", "paused"] as const)
      it(`comes when ${who} cancels while it is ${when}`, () =>
        world(function* (world) {
          const { alice, bob } = yield* pair(world)
          const id = yield* offered(alice, bob, 8_000_000)
          if (when !== "offered") yield* bob.client.files.accept(id)
          if (when !== "offered") yield* until(bob, ({ transferred }) => transferred > 0)
          if (when === "paused") yield* alice.client.files.pause(id)
          if (when === "paused") yield* untilState(bob, "paused", id)
          const us = who === "alice" ? alice : bob
          const them = who === "alice" ? bob : alice
          yield* us.client.files.cancel(id)
          expect(yield* untilState(us, "cancelled", id)).not.toHaveProperty("message")
          expect(yield* untilState(them, "cancelled", id)).toMatchObject({ message: `${who} has cancelled it` })
          yield* Effect.sleep("1 second")
          leavesNothing(alice, bob)
          expect(bob.files.paths()).toEqual([])
          // Nothing stands in the way of the next one.
          yield* bob.client.files.accept(yield* offered(alice, bob, 1_000))
          yield* untilState(bob, "done")
        }))

  it("comes when the disk is full, and the conversation goes on", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const id = yield* offered(alice, bob, 2_000_000)
      bob.disk.capacity = 1_000_000
      expect(yield* Effect.flip(bob.client.files.accept(id))).toMatchObject({
        _tag: "File",
        message: expect.stringContaining("room")
      })
      bob.disk.capacity = 3_000_000
      yield* bob.client.files.accept(id)
      bob.disk.capacity = 1_000_000
      expect(yield* untilState(bob, "failed", id)).toMatchObject({
        message: expect.stringContaining("no space left")
      })
      expect(yield* untilState(alice, "failed", id)).toMatchObject({ message: "bob has no space left for it" })
      yield* alice.client.send("bob", "never mind")
      yield* bob.next("Message", { text: "never mind" })
      yield* Effect.sleep("1 second")
      leavesNothing(alice, bob)
      expect(bob.files.paths()).toEqual([])
    }))

  it("comes when the source changes before or while it is sent", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      for (const moment of ["before", "while"]) {
        const id = yield* offered(alice, bob, 6_000_000, `${moment}.txt`)
        const change = Effect.sync(() => alice.files.put(`${moment}.txt`, bytes(6_000_000, 2)))
        if (moment === "before") yield* change
        yield* bob.client.files.accept(id)
        if (moment === "while") yield* until(bob, (transfer) => transfer.id === id && transfer.transferred > 0)
        if (moment === "while") yield* change
        expect(yield* untilState(alice, "failed", id)).toMatchObject({
          message: `/home/${moment}.txt has changed since it was offered`
        })
        expect(yield* untilState(bob, "failed", id)).toMatchObject({
          message: "it has changed at alice's since it was offered"
        })
      }
      yield* Effect.sleep("1 second")
      leavesNothing(alice, bob)
    }))

  it("comes when either side leaves the conversation", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const first = yield* offered(alice, bob, 8_000_000)
      yield* bob.client.files.accept(first)
      yield* until(bob, ({ transferred }) => transferred > 0)
      yield* bob.client.leave("alice")
      yield* untilState(bob, "cancelled", first)
      yield* untilState(alice, "cancelled", first)
      yield* Effect.sleep("1 second")
      leavesNothing(bob)
      yield* meet(alice, bob)
      const second = yield* offered(alice, bob, 8_000_000)
      yield* bob.client.files.accept(second)
      yield* until(bob, ({ id, transferred }) => id === second && transferred > 0)
      yield* alice.client.leave("bob")
      yield* untilState(bob, "cancelled", second)
      yield* Effect.sleep("1 second")
      leavesNothing(alice, bob)
    }))
})

describe("a pause", () => {
  it.each(["alice", "bob"])("of %s stops the bytes, and both know whose it is", (who) =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const us = who === "alice" ? alice : bob
      const them = who === "alice" ? bob : alice
      const id = yield* offered(alice, bob, 8_000_000)
      yield* bob.client.files.accept(id)
      yield* until(bob, ({ transferred }) => transferred > 0)
      yield* us.client.files.pause(id)
      expect(yield* untilState(us, "paused", id)).toMatchObject({ pausedBy: "us" })
      expect(yield* untilState(them, "paused", id)).toMatchObject({ pausedBy: "them" })
      yield* Effect.sleep("10 seconds")
      const [before] = yield* bob.client.files.list
      yield* Effect.sleep("1 minute")
      expect(yield* bob.client.files.list).toEqual([{ ...before, rate: 0 }])
      yield* them.client.files.pause(id)
      yield* until(us, ({ pausedBy }) => pausedBy === "both")
      yield* us.client.files.resume(id)
      expect(yield* until(us, ({ pausedBy }) => pausedBy === "them")).toMatchObject({ state: "paused" })
      yield* them.client.files.resume(id)
      yield* untilState(bob, "done", id)
      yield* untilState(alice, "done", id)
      expect(isSame(bob.files.get("film.mp4"), bytes(8_000_000))).toBe(true)
    })
  )
})

describe("several at once", () => {
  it("get fair shares, while a conversation goes on", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world, { bob: { accept: "all" } })
      const ids: Array<TransferId> = []
      for (const name of ["a", "b", "c", "d"]) {
        alice.files.put(name, bytes(4_000_000, name.charCodeAt(0)))
        ids.push((yield* alice.client.files.offer("bob", name)).id)
      }
      yield* until(bob, ({ state, transferred }) => state === "active" && transferred > 2_000_000)
      const shares = (yield* bob.client.files.list).map(({ transferred }) => transferred)
      expect(Math.min(...shares)).toBeGreaterThan(500_000)
      yield* alice.client.send("bob", "still there?")
      yield* bob.next("Message", { text: "still there?" })
      for (const id of ids) yield* untilState(bob, "done", id)
      for (const name of ["a", "b", "c", "d"])
        expect(isSame(bob.files.get(name), bytes(4_000_000, name.charCodeAt(0)))).toBe(true)
    }))

  it("flow eight at a time, the others after them", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const ids: Array<TransferId> = []
      for (let number = 0; number < 12; number++) ids.push(yield* offered(alice, bob, 400_000, `${number}`))
      let most = 0
      const stop = bob.watch(() => {
        const active = states(bob).filter((state) => state === "active" || state === "finishing").length
        most = Math.max(most, active)
      })
      yield* Effect.forEach(ids, (id) => bob.client.files.accept(id), { concurrency: "unbounded" })
      yield* until(bob, () => states(bob).every((state) => state === "done"))
      stop()
      expect(most).toBe(8)
      for (let number = 0; number < 12; number++) expect(isSame(bob.files.get(`${number}`), bytes(400_000))).toBe(true)
    }))

  it("are bounded, towards a consumer that has stalled too", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world, { bobReads: false })
      for (let number = 0; number < MAX_OPEN; number++) {
        alice.files.put(`${number}`, bytes(10))
        yield* alice.client.files.offer("bob", `${number}`)
      }
      expect(yield* codeOf(alice.client.files.offer("bob", "0"))).toBe("Busy")
      yield* Effect.sleep("10 seconds")
      const offers = yield* bob.client.files.list
      expect(offers.map(({ state }) => state)).toEqual(Array.from({ length: MAX_OPEN }, () => "offered"))
      // Only the latest news of each waits for whoever reads.
      for (const { id } of offers) yield* bob.client.files.accept(id)
      yield* Effect.sleep("1 minute")
      yield* Effect.forkScoped(bob.reading)
      yield* until(bob, () => states(bob).every((state) => state === "done"))
      expect(bob.count("Transfer")).toBe(MAX_OPEN)
      yield* alice.client.files.offer("bob", "0")
    }))
})

describe("without asking", () => {
  const arrives = (accept: AcceptPolicy, before: boolean) =>
    world(function* (world) {
      yield* world.server()
      const alice = yield* world.person("alice")
      const disk = yield* Effect.gen(function* () {
        const bob = yield* world.person("bob", { more: { accept } })
        if (before) yield* meet(alice, bob)
        yield* Effect.sleep("1 second")
        yield* bob.client.exit()
        yield* bob.stop
        return bob.disk
      })
      yield* alice.client.leave("bob")
      yield* Effect.sleep("1 second")
      const bob = yield* world.person("bob", { disk, more: { accept } })
      yield* meet(alice, bob)
      alice.files.put("film.mp4", bytes(1_000))
      yield* alice.client.files.offer("bob", "film.mp4")
      yield* Effect.sleep("10 seconds")
      const [transfer] = yield* bob.client.files.list
      expect(transfer?.state).toBe(accept === "all" || (accept === "known" && before) ? "done" : "offered")
    })

  it("nothing arrives unless that was said", () => arrives("ask", true))
  it("the files of those whose key was known before may arrive", () => arrives("known", true))
  it("the files of others do not arrive then", () => arrives("known", false))

  it("those of a key that the program names arrive, without a word of its user's", () =>
    world(function* (world) {
      yield* world.server()
      const alice = yield* world.person("alice")
      const { fingerprint } = yield* alice.client.key()
      const more = { accept: "known", acceptCalls: "known", answer: "known", known: [fingerprint] } as const
      const bob = yield* world.person("bob", { more })
      const eve = yield* world.person("eve")
      yield* eve.client.query("bob")
      yield* alice.client.query("bob")
      yield* alice.next("Mutual")
      alice.files.put("film.mp4", bytes(100_000))
      yield* alice.client.files.offer("bob", "film.mp4")
      expect(yield* untilState(bob, "done")).toMatchObject({ nick: "alice", fingerprint })
      const theirs = (yield* bob.client.key()).fingerprint
      expect(yield* untilState(alice, "done")).toMatchObject({ nick: "bob", fingerprint: theirs })
      expect(bob.count("Incoming"), "nobody else is heard").toBe(1)
    }))
  it("everything may arrive", () => arrives("all", false))

  it("asks after all when it does not work", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world, { bob: { accept: "all" } })
      bob.disk.capacity = 10
      alice.files.put("film.mp4", bytes(1_000))
      yield* alice.client.files.offer("bob", "film.mp4")
      yield* bob.next("Failed", { code: "File", nick: "alice" })
      yield* untilState(bob, "offered")
    }))
})

describe("after the client has left", () => {
  it("every call fails, and what was taken as a stream ends", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      const id = yield* offered(alice, bob, 8_000_000)
      const taking = yield* Effect.fork(Effect.either(Stream.runDrain(bob.client.files.acceptStream(id))))
      yield* until(bob, ({ transferred }) => transferred > 0)
      yield* bob.client.exit()
      const result = yield* Effect.flatten(taking.await)
      expect(Either.isLeft(result) && result.left._tag).toBe("Closed")
      expect(yield* codeOf(bob.client.files.offer("alice", "x"))).toBe("Closed")
      expect(yield* codeOf(bob.client.files.accept(id))).toBe("Closed")
    }))
})
