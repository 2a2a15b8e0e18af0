import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { FileTree } from "../../../src/layers/memory/FileTree.js"
import { world } from "../World.js"
import { bytes, isSame, meet, pair, untilState } from "./Pair.js"

describe("several files and folders", () => {
  it("are one offer, and arrive in one folder, each under its own name", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      alice.files.put("b.txt", bytes(300_000), true)
      alice.files.put("elsewhere/a.txt", bytes(10))
      alice.files.put("photos/2025/one.jpg", bytes(700_000, 2))
      alice.files.put("photos/two.jpg", bytes(5, 3))
      alice.files.makeFolder("/home/photos/empty")
      const sent = yield* alice.client.files.offer("bob", ["b.txt", "elsewhere/a.txt", "photos", "./b.txt"])
      const offer = yield* untilState(bob, "offered", sent.id)
      expect(offer).toMatchObject({ kind: "folder", name: "b.txt and 2 more", files: 4, size: 1_000_015 })
      yield* bob.client.files.accept(offer.id)
      yield* untilState(alice, "done", sent.id)
      const at = (path: string) => bob.files.get(`b.txt and 2 more/${path}`)
      expect(isSame(at("b.txt"), bytes(300_000))).toBe(true)
      expect(isSame(at("a.txt"), bytes(10))).toBe(true)
      expect(isSame(at("photos/2025/one.jpg"), bytes(700_000, 2))).toBe(true)
      expect(isSame(at("photos/two.jpg"), bytes(5, 3))).toBe(true)
      expect(bob.files.isExecutable("b.txt and 2 more/b.txt")).toBe(true)
    }))

  it("go on after a restart of the sender, from where each of them lies", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      alice.files.put("one", bytes(2_000_000))
      alice.files.put("sub/two", bytes(3_000_000, 2))
      const sent = yield* alice.client.files.offer("bob", ["one", "sub/two"])
      yield* untilState(bob, "offered", sent.id)
      yield* bob.client.files.accept(sent.id)
      yield* untilState(bob, "active", sent.id)
      yield* alice.kill
      const back = yield* world.person("alice", { disk: alice.disk })
      yield* untilState(bob, "done", sent.id)
      yield* untilState(back, "done", sent.id)
      expect(isSame(bob.files.get("one and 1 more/two"), bytes(3_000_000, 2))).toBe(true)
      expect(isSame(bob.files.get("one and 1 more/one"), bytes(2_000_000))).toBe(true)
    }))

  it("do not go on once one of them is not what it was: it is named, whichever it is", () =>
    world(function* (world) {
      for (const [change, message] of [
        [(files) => files.put("dir/b", bytes(10, 9)), "/home/dir/b has changed since it was offered"],
        [(files) => files.remove("dir/b"), "dir/b was offered, and is not there any more"],
        [(files) => files.put("dir/bb", bytes(10)), "/home/dir/bb was not there when it was offered"]
      ] satisfies ReadonlyArray<readonly [(files: FileTree) => void, string]>) {
        const { alice, bob, server } = yield* world.aliceAndBob()
        yield* meet(alice, bob)
        for (const name of ["one", "dir/a", "dir/b", "dir/c"]) alice.files.put(name, bytes(2_000_000))
        const sent = yield* alice.client.files.offer("bob", ["one", "dir"])
        yield* untilState(bob, "offered", sent.id)
        yield* alice.kill
        change(alice.files)
        const back = yield* world.person("alice", { disk: alice.disk })
        yield* meet(back, bob)
        expect((yield* untilState(back, "failed", sent.id)).message).toBe(message)
        for (const { client } of [back, bob]) yield* client.exit()
        yield* server.stop
      }
    }))

  it("are refused together when two have one name, one is missing, or there are none", () =>
    world(function* (world) {
      const { alice, bob } = yield* world.aliceAndBob()
      yield* meet(alice, bob)
      alice.files.put("a/x", bytes(1))
      alice.files.put("b/x", bytes(1))
      const refused = (paths: ReadonlyArray<string>) =>
        Effect.map(Effect.flip(alice.client.files.offer("bob", paths)), ({ message }) => message)
      expect(yield* refused(["a/x", "b/x"])).toBe(
        "/home/a/x and /home/b/x have the same name: send them one after the other"
      )
      expect(yield* refused(["a/x", "c"])).toContain("/home/c")
      expect(yield* refused([])).toBe("there is nothing to send")
      expect(yield* refused(Array.from({ length: 4_097 }, () => "a/x"))).toContain("4096")
      expect((yield* alice.client.files.offer("bob", ["a/x"])).kind).toBe("file")
    }))
})

describe("a folder with something in it that changes while it is read", () => {
  it("costs that one, which is named, and the rest arrives", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      for (const name of ["a", "log", "z"]) alice.files.put(`logs/${name}`, bytes(400_000))
      // The disk takes its time, so that the change falls between looking and reading.
      const offering = alice.client.files.offer("bob", "logs")
      const sent = yield* offering
      alice.files.put("logs/log", bytes(10, 9))
      const offer = yield* untilState(bob, "offered", sent.id)
      expect(offer).toMatchObject({ files: 2, size: 800_000 })
      yield* bob.client.files.accept(offer.id)
      const done = yield* untilState(alice, "done", sent.id)
      expect(done).toMatchObject({ skipped: 1, left: ["log (it changes)"], files: 2 })
      expect(bob.files.paths()).toEqual(["/home/logs/a", "/home/logs/z"])
    }))

  it("fails as a whole when it is a single file, on this side alone, as nobody else knew of it", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      alice.files.put("film", bytes(900_000))
      const sent = yield* alice.client.files.offer("bob", "film")
      alice.files.put("film", bytes(10))
      const failed = yield* untilState(alice, "failed", sent.id)
      expect(failed.message).toBe("/home/film has changed since it was offered")
      expect(bob.count("Transfer")).toBe(0)
    }))
})
