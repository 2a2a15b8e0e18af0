import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Profile from "../../src/client/Profile.js"
import { MAX_PINS, Pins } from "../../src/core/client/Pins.js"
import * as Fingerprint from "../../src/domain/Fingerprint.js"
import * as Nickname from "../../src/domain/Nickname.js"
import { peerIdOf } from "../../src/domain/PeerId.js"
import { Disk } from "../../src/layers/memory/Disk.js"
import * as MemoryStore from "../../src/layers/memory/Store.js"
import * as NodeCrypto from "../../src/layers/node/Crypto.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import { seeded } from "../support/Entropy.js"

const nick = (text: string): Nickname.Nickname => Either.getOrThrow(Nickname.parse(text))

/** One process on `disk`; `seed` draws its fresh identities. */
const open = (disk: Disk, seed: number, name = "alice") =>
  Effect.flatMap(Profile.Profiles, (profiles) => profiles.open(nick(name))).pipe(
    Effect.provide(
      Layer.provide(Profile.layer, Layer.mergeAll(MemoryStore.layerOn(disk), seeded(seed), NodeCrypto.layer))
    )
  )

const keyOf = ({ identity }: Profile.Profile) => Buffer.from(identity.signKeys.publicKey).toString("hex")

const pin = {
  nick: "bob",
  identity: peerIdOf(new Uint8Array(32)),
  fingerprint: Fingerprint.Fingerprint.make("12345 12345 12345 12345 12345 12345"),
  firstSeen: 7
}

describe("Profiles", () => {
  it("gives the same identity again once it was kept, and another where it was not", async () => {
    const disk = new Disk()
    const first = await Effect.runPromise(Effect.scoped(open(disk, 1)))
    expect(disk.names().length).toBe(0)
    const second = await Effect.runPromise(Effect.scoped(Effect.tap(open(disk, 2), ({ keep }) => keep)))
    const third = await Effect.runPromise(Effect.scoped(open(disk, 3)))
    expect(keyOf(second)).not.toBe(keyOf(first))
    expect(keyOf(third)).toBe(keyOf(second))
    expect(disk.names()).toEqual(["profiles/alice/identity"])
  })

  it("keeps pins, and writes them only when there are new ones", async () => {
    const disk = new Disk()
    const remember = open(disk, 1).pipe(
      Effect.tap(({ pins }) => pins.set("bob", pin)),
      Effect.tap(({ keep }) => keep),
      Effect.scoped
    )
    await Effect.runPromise(remember)
    const { writes } = disk.stats
    const again = await Effect.runPromise(Effect.scoped(Effect.tap(open(disk, 2), ({ keep }) => keep)))
    expect(again.pins.get("bob")).toEqual(pin)
    expect(disk.stats.writes).toBe(writes)
  })

  it("gives a second process a passing identity that leaves no trace, and the pins to read", async () => {
    const disk = new Disk()
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const first = yield* open(disk, 1)
          first.pins.set("bob", pin)
          yield* first.keep
          const second = yield* open(disk, 2)
          expect([first.persistent, second.persistent]).toEqual([true, false])
          expect(keyOf(second)).not.toBe(keyOf(first))
          expect(second.pins.get("bob")).toEqual(pin)
          const { writes } = disk.stats
          second.pins.set("carol", pin)
          yield* second.keep
          expect(disk.stats.writes).toBe(writes)
        })
      )
    )
    expect(disk.locks.size).toBe(0)
  })

  it("has a folder for each nickname, whatever script it is written in", async () => {
    const disk = new Disk()
    for (const [index, name] of ["alice", "Żółw", "_x", "日本"].entries())
      await Effect.runPromise(Effect.scoped(Effect.tap(open(disk, index, name), ({ keep }) => keep)))
    expect(disk.names().length).toBe(4)
    const same = await Effect.runPromise(Effect.scoped(open(disk, 9, "ALICE")))
    expect(same.location).toContain("profiles/alice")
  })

  it("is in a folder called as the nickname, and found by all that count as the same one", async () => {
    const disk = new Disk()
    const opened = (seed: number, name: string) =>
      Effect.runPromise(Effect.scoped(Effect.tap(open(disk, seed, name), ({ keep }) => keep)))
    const tom = await opened(1, "Tom")
    expect(tom.location).toMatch(/profiles\/tom$/)
    for (const [index, name] of ["tom", "torn", "TORN"].entries())
      expect(keyOf(await opened(index + 2, name))).toBe(keyOf(tom))
    expect(disk.names()).toEqual(["names/torn", "profiles/tom/identity"])
    // One that was made when folders were called by the key.
    const old = new Disk()
    old.replace("profiles/torn/identity", disk.read("profiles/tom/identity")!)
    const found = await Effect.runPromise(Effect.scoped(open(old, 9, "tom")))
    expect([keyOf(found), found.location.endsWith("profiles/torn")]).toEqual([keyOf(tom), true])
    const dropped = new Disk()
    const discarded = Effect.flatMap(open(dropped, 1, "tom"), ({ discard, keep }) => Effect.zipRight(keep, discard))
    await Effect.runPromise(Effect.scoped(discarded))
    expect(dropped.names()).toEqual([])
  })

  it("follows whoever takes another nickname, unless that one has a profile of its own", async () => {
    const disk = new Disk()
    const carol = await Effect.runPromise(Effect.scoped(Effect.tap(open(disk, 7, "carol"), ({ keep }) => keep)))
    const [alice, follows] = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const alice = yield* open(disk, 1)
          yield* alice.keep
          const follows = yield* Effect.forEach(["bob", "B0b", "carol", "alice"], (name) => alice.called(nick(name)))
          return [alice, follows] as const
        })
      )
    )
    expect(follows).toEqual([true, true, false, true])
    const again = (name: string) => Effect.runPromise(Effect.map(Effect.scoped(open(disk, 9, name)), keyOf))
    expect(await again("bob")).toBe(keyOf(alice))
    expect(await again("BOB")).toBe(keyOf(alice))
    expect(await again("alice")).toBe(keyOf(alice))
    expect(await again("carol")).toBe(keyOf(carol))
  })

  it.each([
    ["identity", "parley-identity-v1 broken"],
    ["identity", ""],
    ["known-peers.json", "{"],
    ["known-peers.json", JSON.stringify({ version: 2, peers: [] })]
  ])("refuses a damaged %s by name and leaves it as it is", async (file, content) => {
    const disk = new Disk()
    const path = `profiles/alice/${file}`
    const bytes = new TextEncoder().encode(content)
    disk.replace(path, bytes)
    const error = await Effect.runPromise(Effect.flip(Effect.scoped(open(disk, 1))))
    expect(error).toMatchObject({ _tag: "ProfileError", reason: "Damaged" })
    expect(error.message).toContain(path)
    expect(error.message).not.toContain("\n")
    expect(disk.read(path)).toEqual(bytes)
    expect(disk.locks.size).toBe(0)
  })
})

describe("Pins", () => {
  it("reads back what it wrote, whatever the nicknames", () => {
    const anyPin = fc.record({
      nick: fc.string({ maxLength: 200 }),
      identity: fc.constant(peerIdOf(new Uint8Array(32))),
      fingerprint: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((key) => Fingerprint.of(crypto, key)),
      firstSeen: fc.nat()
    })
    const key = fc.oneof(fc.string({ maxLength: 200 }), fc.constantFrom("__proto__", "constructor"))
    fc.assert(
      fc.property(fc.array(fc.tuple(key, anyPin)), (entries) => {
        const pins = Pins.empty()
        for (const [each, value] of entries) pins.set(each, value)
        const read = Pins.decode(pins.encode())!
        for (const [each, value] of new Map(entries)) expect(read.get(each)).toEqual(value)
        expect(read.encode()).toBe(pins.encode())
      })
    )
  })

  it("refuses more than it can hold, loudly, and still replaces what it has", () => {
    const pins = Pins.empty()
    for (let i = 0; i < MAX_PINS; i++) expect(pins.set(`n${i}`, pin)).toBe(true)
    expect(pins.set("one more", pin)).toBe(false)
    expect(pins.set("n0", { ...pin, firstSeen: 8 })).toBe(true)
    expect(Pins.decode(pins.encode())?.get("n0")?.firstSeen).toBe(8)
  })

  it("never throws on a file", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void Pins.decode(text)))
  })
})
