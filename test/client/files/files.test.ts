import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { world } from "../World.js"
import { bytes, isSame, pair, untilState } from "./Pair.js"

describe("a file", () => {
  it.each([0, 1, 262_143, 262_144, 262_145, 3_000_000])("of %i bytes arrives as it is", (size) =>
    world((world) =>
      Effect.gen(function* () {
        const { alice, bob } = yield* pair(world)
        alice.files.put("film.mp4", bytes(size), true)
        const sent = yield* alice.client.files.offer("bob", "film.mp4")
        expect(sent).toMatchObject({ direction: "out", peer: "bob", kind: "file", name: "film.mp4", size, files: 1 })
        const offer = yield* untilState(bob, "offered")
        expect(offer).toMatchObject({ id: sent.id, direction: "in", peer: "alice", name: "film.mp4", size })
        yield* bob.client.files.accept(offer.id)
        const stored = yield* untilState(bob, "done")
        expect(stored).toMatchObject({ path: "/home/film.mp4", transferred: size })
        expect(isSame(bob.files.get("film.mp4"), bytes(size))).toBe(true)
        expect(bob.files.isExecutable("film.mp4")).toBe(true)
        expect(yield* untilState(alice, "done")).toMatchObject({ id: sent.id, transferred: size })
        expect(bob.files.paths()).toEqual(["/home/film.mp4"])
        // Nothing is left to be gone on with.
        expect(
          [...alice.disk.files.keys(), ...bob.disk.files.keys()].filter((name) => name.includes("transfers"))
        ).toEqual([])
        expect((yield* bob.client.files.list).map(({ state }) => state)).toEqual(["done"])
      })
    )
  )
})
