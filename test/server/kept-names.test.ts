import { describe, expect, it, test } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { KeptNames } from "../../src/core/rendezvous/KeptNames.js"
import { RegistryMachine } from "../../src/core/rendezvous/RegistryMachine.js"
import { MAX_DAYS, MAX_KEPT, MAX_OF_ONE, NEWCOMERS } from "../../src/domain/Keeping.js"
import { SessionId } from "../../src/domain/Registration.js"
import { Disk } from "../../src/layers/memory/Disk.js"
import * as MemoryStore from "../../src/layers/memory/Store.js"
import * as NamesFile from "../../src/server/NamesFile.js"
import { Store } from "../../src/services/Store.js"
import { claim, identity, nickname } from "../core/rendezvous/support.js"

const key = (n: number) => String(n).padStart(43, "A")
const who = (n: number) => ({ identity: { ...identity(String(n)), key: key(n) } })
const LIMITS = { graceMs: 60_000, maxNames: 100, reserved: [] }
const DAY = 86_400_000

describe("kept names", () => {
  test("belong to the identity that came first, over quits and restarts, and so does what looks like them", () => {
    const kept = new KeptNames()
    const before = new RegistryMachine(LIMITS, kept)
    before.claim(claim("1", "alice", who(1)), "r1", 1000)
    before.claim(claim("2", "guest"), "r2", 1000)
    before.release(SessionId.make("1"), false, 0)
    before.release(SessionId.make("2"), false, 0)
    const again = new KeptNames()
    expect(again.decode(kept.encode(), 2000)).toBe(0)
    const after = new RegistryMachine(LIMITS, again)
    for (const squatter of [claim("3", "alice"), claim("3", "AIice", who(2)), claim("3", "ALICE", who(2))]) {
      const refused = after.claim(squatter, "r", 2000)
      expect(refused).toMatchObject({ _tag: "NickTaken" })
      expect(refused).not.toMatchObject({ suggestions: expect.arrayContaining(["alice"]) })
    }
    expect(after.claim(claim("4", "alice", who(1)), "r", 2000)).toMatchObject({ session: "4" })
    expect(after.claim(claim("5", "guest"), "r", 2000)).toMatchObject({ session: "5" })
    expect(again.knows(key(1))).toBe(true)
    expect(again.knows(key(2))).toBe(false)
  })

  test("are the newest few of an identity, and are forgotten when nobody comes for half a year", () => {
    const kept = new KeptNames()
    for (let i = 0; i <= MAX_OF_ONE; i++) kept.keep(nickname(`name${"x".repeat(i)}`), key(1), i * DAY)
    expect(kept.size).toBe(MAX_OF_ONE)
    expect(kept.ownersOf(nickname("name"))).toEqual([])
    const later = new KeptNames()
    later.decode(kept.encode(), 184 * DAY)
    expect(later.size).toBe(MAX_OF_ONE - 2)
  })

  test("are forgotten too when they were written while the clock was ahead", () => {
    const kept = new KeptNames()
    const lines = [400 * DAY, "1e999"].map((seen, i) => `{"nick":"n${i}","identity":"${key(i)}","seen":${seen}}`)
    expect(kept.decode(lines.join("\n"), DAY)).toBe(1)
    const again = new KeptNames()
    again.decode(kept.encode(), 2 * DAY)
    expect(again.size).toBe(1)
    again.decode(kept.encode(), 184 * DAY)
    const later = new KeptNames()
    later.decode(again.encode(), 184 * DAY)
    expect(later.size).toBe(0)
  })

  test("are written down when they change, and once a day when their owners come", () => {
    const kept = new KeptNames()
    kept.keep(nickname("alice"), key(1), 0)
    const { version } = kept
    kept.keep(nickname("alice"), key(1), DAY - 1)
    expect(kept.version).toBe(version)
    kept.keep(nickname("alice"), key(1), DAY)
    expect(kept.version).toBe(version + 1)
  })

  test("of whoever came back make no room for a flood of fresh identities, and the flood is slow", () => {
    const kept = new KeptNames()
    const WALL = 1_000 * DAY
    // Comes once a week; was here twice.
    kept.keep(nickname("alice"), key(1), WALL - 8 * DAY)
    kept.keep(nickname("alice"), key(1), WALL - DAY)
    const lines = Array.from({ length: MAX_KEPT - 1 }, (_, i) =>
      JSON.stringify({ nick: `n-${i}`, identity: key(10 + i), seen: WALL, days: 1 })
    )
    expect(kept.decode(lines.join("\n"), WALL)).toBe(0)
    expect(kept.size).toBe(MAX_KEPT)
    let taken = 0
    for (let i = 0; i < NEWCOMERS.burst + 100; i++) {
      const fresh = nickname(`f-${i}`)
      kept.keep(fresh, key(1_000_000 + i), WALL)
      if (kept.ownersOf(fresh).length > 0) taken++
    }
    expect(taken).toBe(NEWCOMERS.burst)
    expect(kept.size).toBe(MAX_KEPT)
    expect(kept.ownersOf(nickname("alice"))).toContain(key(1))
    // Over a restart, too.
    const again = new KeptNames()
    again.decode(kept.encode(), WALL)
    again.keep(nickname("late"), key(2), WALL)
    expect(again.ownersOf(nickname("alice"))).toContain(key(1))
  })

  test("are counted by days, not by visits", () => {
    const kept = new KeptNames()
    for (let hour = 0; hour < 20; hour++) kept.keep(nickname("alice"), key(1), hour * 3_600_000)
    expect(kept.encode()).toContain('"days":1')
    for (let day = 1; day < 40; day++) kept.keep(nickname("alice"), key(1), day * DAY)
    expect(kept.encode()).toContain(`"days":${MAX_DAYS}`)
  })

  it.live("are released when the operator says so", () =>
    Effect.gen(function* () {
      const disk = new Disk()
      const run = <A, E>(effect: Effect.Effect<A, E, Store>) => effect.pipe(Effect.provide(MemoryStore.layerOn(disk)))
      const kept = (release: ReadonlyArray<string>, more: (names: KeptNames) => void = () => {}) =>
        run(
          Effect.scoped(
            Effect.map(NamesFile.open("names", release), (names) => {
              more(names)
              return names.encode()
            })
          )
        )
      yield* kept([], (names) => {
        names.keep(nickname("alice"), key(1), Date.now())
        names.keep(nickname("bob"), key(2), Date.now())
      })
      expect(yield* kept(["ALICE", "nobody"])).not.toContain("alice")
      expect(yield* kept([])).toMatch(/^\{"nick":"bob".*\n$/)
    })
  )

  test("survive a damaged file, and are bounded", () => {
    const kept = new KeptNames()
    const line = JSON.stringify({ nick: "alice", identity: key(1), seen: 1 })
    expect(kept.decode(`${line}\n{"nick":"bob"}\nrubbish\n${line.slice(0, 20)}`, 2)).toBe(3)
    expect(kept.size).toBe(1)
    const crowd = Array.from({ length: MAX_KEPT + 10 }, (_, i) => ({ nick: `n-${i}`, identity: key(i), seen: 1 }))
    kept.decode(crowd.map((each) => JSON.stringify(each)).join("\n"), 2)
    expect(kept.size).toBe(MAX_KEPT)
  })

  it.live("are in the file a moment after they came, and at the end in any case", () =>
    Effect.gen(function* () {
      const disk = new Disk()
      const body = Effect.gen(function* () {
        const store = yield* Store
        const names = yield* NamesFile.open("names")
        names.keep(nickname("alice"), key(1), Date.now())
        let found = yield* store.read("names")
        while (Option.isNone(found)) {
          yield* Effect.sleep("20 millis")
          found = yield* store.read("names")
        }
        expect(new TextDecoder().decode(found.value)).toContain("alice")
        expect(yield* Effect.flip(Effect.scoped(NamesFile.open("names")))).toMatchObject({ reason: "Locked" })
        names.keep(nickname("bob"), key(2), Date.now())
      })
      const reopened = Effect.map(NamesFile.open("names"), (names) => names.encode())
      const run = <A, E>(effect: Effect.Effect<A, E, Store>) => effect.pipe(Effect.provide(MemoryStore.layerOn(disk)))
      yield* run(Effect.scoped(body))
      expect(yield* run(Effect.scoped(reopened))).toContain("bob")
    })
  )
})
