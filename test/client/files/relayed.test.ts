import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { Transfer } from "../../../src/core/client/Transfer.js"
import { DEFAULT_LIMITS } from "../../../src/core/rendezvous/Relay.js"
import { type Person, world } from "../World.js"
import { bytes, meet, pair, untilState } from "./Pair.js"

const told = (person: Person): ReadonlyArray<Transfer> =>
  person.log.flatMap((event) => (event._tag === "Transfer" ? event.transfer : []))

describe("a file over the relay", () => {
  it("says so to both, with the time that it takes, and is there in that time", () =>
    world(function* (world) {
      // What the server tells is what it lets through.
      yield* world.server({ relay: { ...DEFAULT_LIMITS, channel: { burst: 65_536, perSecond: 50_000 } } })
      const alice = yield* world.person("alice", { path: "relay-only" })
      const bob = yield* world.person("bob")
      yield* meet(alice, bob)
      yield* Effect.sleep("5 seconds")
      alice.files.put("film.mp4", bytes(600_000))
      const { id } = yield* alice.client.files.offer("bob", "film.mp4")
      // 600 kB at 45 kB a second.
      const offer = yield* untilState(bob, "offered", id)
      expect(offer.relay).toEqual({ seconds: 14 })
      yield* bob.client.files.accept(id)
      const begun = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      yield* untilState(alice, "done", id)
      const took = ((yield* Effect.clockWith((clock) => clock.currentTimeMillis)) - begun) / 1000
      // The first 64 KiB go at once.
      expect(took).toBeGreaterThan(10)
      expect(took).toBeLessThan(15)
      for (const person of [alice, bob]) {
        const active = told(person).filter(({ state }) => state === "active")
        expect(active.length).toBeGreaterThan(1)
        for (const { relay } of active) expect(relay?.seconds).toBeLessThanOrEqual(14)
        // A chunk takes five seconds, in which nothing more counts as there: that does not mean that nothing moves.
        const moving = active.filter(({ transferred }) => transferred > 0)
        expect(moving.length).toBeGreaterThan(1)
        for (const { rate } of moving) expect(rate).toBeGreaterThan(20_000)
      }
      expect(told(alice).at(-1)?.relay).toBeUndefined()
    }))

  it("says nothing of it where the way is direct", () =>
    world(function* (world) {
      const { alice, bob } = yield* pair(world)
      alice.files.put("film.mp4", bytes(1_000_000))
      const { id } = yield* alice.client.files.offer("bob", "film.mp4")
      yield* untilState(bob, "offered", id)
      yield* bob.client.files.accept(id)
      yield* untilState(alice, "done", id)
      expect([...told(alice), ...told(bob)].filter(({ relay }) => relay !== undefined)).toEqual([])
    }))
})
