import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Profile from "../../src/client/Profile.js"
import type { Contacts } from "../../src/core/client/Contacts.js"
import { MAX_SETTINGS, Preferences } from "../../src/core/client/Preferences.js"
import * as Fingerprint from "../../src/domain/Fingerprint.js"
import { messageIdOf } from "../../src/domain/MessageId.js"
import * as Nickname from "../../src/domain/Nickname.js"
import { type PeerId, peerIdOf } from "../../src/domain/PeerId.js"
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

const bob = {
  peer: peerIdOf(new Uint8Array(32)),
  fingerprint: Fingerprint.of(crypto, new Uint8Array(32)),
  nick: "bob",
  now: 7
}

const meet = (contacts: Contacts) => {
  contacts.meet(bob)
  contacts.name(bob.peer, "bob")
  contacts.update(bob.peer, { consented: true, verifiedAt: 9 })
}

/** As it was written by versions that had no contacts. */
const knownPeers = (nick: string) => {
  const peer = { key: nick, nick, identity: bob.peer, fingerprint: bob.fingerprint, firstSeen: 7 }
  return new TextEncoder().encode(`${JSON.stringify({ version: 1, peers: [peer] }, undefined, 2)}\n`)
}

const OLD = "profiles/alice/known-peers.json"
const CONTACTS = "profiles/alice/contacts"
const SETTINGS = "profiles/alice/settings.json"

describe("Profiles", () => {
  it.live("gives the same identity again once it was kept, and another where it was not", () =>
    Effect.gen(function* () {
      const disk = new Disk()
      const first = yield* Effect.scoped(open(disk, 1))
      expect(disk.names().length).toBe(0)
      const second = yield* Effect.scoped(Effect.tap(open(disk, 2), ({ keep }) => keep))
      const third = yield* Effect.scoped(open(disk, 3))
      expect(keyOf(second)).not.toBe(keyOf(first))
      expect(keyOf(third)).toBe(keyOf(second))
      expect(disk.names()).toEqual(["profiles/alice/identity"])
    })
  )

  it.live("keeps whom we know, and writes it only when there is something new", () =>
    Effect.gen(function* () {
      const disk = new Disk()
      const remember = open(disk, 1).pipe(
        Effect.tap(({ contacts }) => meet(contacts)),
        Effect.tap(({ keep }) => keep),
        Effect.scoped
      )
      yield* remember
      const { writes } = disk.stats
      const again = yield* Effect.scoped(Effect.tap(open(disk, 2), ({ keep }) => keep))
      expect(again.contacts.owner("BOB")).toMatchObject({ identity: bob.peer, firstSeen: 7, verifiedAt: 9 })
      expect(disk.stats.writes).toBe(writes)
      const file = Buffer.from(disk.read(CONTACTS)!).toString("latin1")
      for (const secret of ["bob", bob.peer, bob.fingerprint.slice(0, 5)]) expect(file).not.toContain(secret)
    })
  )

  it.live("keeps what was set, readable, and no damaged list of it", () =>
    Effect.gen(function* () {
      const disk = new Disk()
      const set = (seed: number, value: string | undefined) =>
        open(disk, seed).pipe(
          Effect.tap(({ preferences }) => preferences.set("bell", value)),
          Effect.tap(({ keep }) => keep),
          Effect.scoped
        )
      yield* set(1, "off")
      expect(new TextDecoder().decode(disk.read(SETTINGS))).toContain('"name": "bell",\n      "value": "off"')
      const again = yield* Effect.scoped(open(disk, 2))
      expect([...again.preferences.all()]).toEqual([["bell", "off"]])
      yield* set(3, undefined)
      expect((yield* Effect.scoped(open(disk, 4))).preferences.all().size).toBe(0)
      disk.replace(SETTINGS, new TextEncoder().encode('{"version":1,"settings":[{"name":"bell"}]}'))
      const damaged = yield* Effect.flip(Effect.scoped(open(disk, 5)))
      expect(damaged.message).toContain("settings.json: this is no list of at most 256 settings")
    })
  )

  it("holds a bounded number of settings, none of them too long", () => {
    const preferences = Preferences.empty()
    expect(preferences.set("x".repeat(65), "1")).toBe(false)
    expect(preferences.set("x", "1".repeat(1025))).toBe(false)
    for (let at = 0; at < MAX_SETTINGS; at++) expect(preferences.set(`__proto__${at}`, "1")).toBe(true)
    expect(preferences.set("one more", "1")).toBe(false)
    expect(preferences.set("__proto__0", "2")).toBe(true)
    expect([...Preferences.decode(preferences.encode())!.all()]).toEqual([...preferences.all()])
  })

  it.live(
    "keeps the history of whom we asked for, though strangers take the place of other strangers",
    () =>
      Effect.gen(function* () {
        const disk = new Disk()
        const numbered = (n: number) =>
          peerIdOf(
            new Uint8Array(32)
              .fill(1)
              .fill(n & 255, 0, 1)
              .fill(n >> 8, 1, 2)
          )
        const live = (use: (profile: Profile.Profile) => Effect.Effect<unknown, unknown>) =>
          Effect.scoped(Effect.tap(open(disk, 1), use))
        const received = (profile: Profile.Profile, peer: PeerId) => {
          const id = messageIdOf(new Uint8Array(16))
          profile.history!.write(peer, { _tag: "Received", id, at: 1, nick: "somebody", text: "hello" })
          return profile.history!.written
        }
        const count = (profile: Profile.Profile, peer: PeerId) =>
          Effect.map(profile.history!.read({ peer }, { limit: 1 }), ({ messages }) => messages.length)
        yield* live((profile) =>
          Effect.zipRight(
            received(profile, bob.peer),
            Effect.suspend(() => {
              // They have left since, and so have we.
              meet(profile.contacts)
              profile.contacts.update(bob.peer, { consented: false })
              return profile.keep
            })
          )
        )
        yield* live((profile) =>
          Effect.gen(function* () {
            for (let n = 0; n < 340; n++) yield* received(profile, numbered(n))
            expect(yield* count(profile, bob.peer)).toBe(1)
            expect(yield* count(profile, numbered(339))).toBe(1)
            expect(yield* count(profile, numbered(0))).toBe(0)
          })
        )
      }),
    60_000
  )

  it.live("takes the known peers of an earlier version over once, and removes them only then", () =>
    Effect.gen(function* () {
      const disk = new Disk()
      yield* Effect.scoped(Effect.tap(open(disk, 1), ({ keep }) => keep))
      disk.replace(OLD, knownPeers("bob"))
      const read = yield* Effect.scoped(open(disk, 2))
      expect(read.contacts.owner("bob")).toMatchObject({ identity: bob.peer, lastTalked: 7 })
      expect(disk.names(), "nothing is removed before it is kept").toContain(OLD)
      yield* Effect.scoped(Effect.tap(open(disk, 3), ({ keep }) => keep))
      expect(disk.names()).toEqual([CONTACTS, "profiles/alice/identity"])
      // Whoever puts such a file beside the sealed one is not believed.
      disk.replace(OLD, knownPeers("carol"))
      const later = yield* Effect.scoped(Effect.tap(open(disk, 4), ({ keep }) => keep))
      expect([later.contacts.owner("carol"), later.contacts.owner("bob")?.identity]).toEqual([undefined, bob.peer])
      expect(disk.names()).toEqual([CONTACTS, "profiles/alice/identity"])
    })
  )

  it.live("refuses contacts that were changed, cut short, emptied, or sealed by another identity", () =>
    Effect.gen(function* () {
      const disk = new Disk()
      const remember = (seed: number) =>
        open(disk, seed).pipe(
          Effect.tap(({ contacts }) => meet(contacts)),
          Effect.tap(({ keep }) => keep),
          Effect.scoped
        )
      yield* remember(1)
      const good = disk.read(CONTACTS)!
      const bad = [
        ...[0, 20, 60, good.length - 1].map((at) => good.map((byte, index) => (index === at ? byte ^ 1 : byte))),
        good.subarray(0, good.length - 1),
        good.subarray(0, 30),
        new Uint8Array()
      ]
      for (const content of bad) {
        disk.replace(CONTACTS, content)
        const error = yield* Effect.flip(Effect.scoped(open(disk, 2)))
        expect(error).toMatchObject({ _tag: "ProfileError", reason: "Damaged" })
        expect(error.message).toContain(`${CONTACTS}: `)
        expect(disk.read(CONTACTS)).toEqual(content)
      }
      disk.replace(CONTACTS, good)
      disk.remove("profiles/alice/identity")
      expect(yield* Effect.flip(Effect.scoped(open(disk, 3)))).toMatchObject({ reason: "Damaged" })
    })
  )

  it.live("gives a second process a passing identity that leaves no trace, and the contacts to read", () =>
    Effect.gen(function* () {
      const disk = new Disk()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const first = yield* open(disk, 1)
          meet(first.contacts)
          yield* first.keep
          const second = yield* open(disk, 2)
          expect([first.persistent, second.persistent]).toEqual([true, false])
          expect(keyOf(second)).not.toBe(keyOf(first))
          expect(second.contacts.owner("bob")?.identity).toBe(bob.peer)
          const { writes } = disk.stats
          second.contacts.name(bob.peer, "carol")
          yield* second.keep
          expect(disk.stats.writes).toBe(writes)
        })
      )
      expect(disk.locks.size).toBe(0)
    })
  )

  it.live("has a folder for each nickname, whatever script it is written in", () =>
    Effect.gen(function* () {
      const disk = new Disk()
      for (const [index, name] of ["alice", "Żółw", "_x", "日本"].entries())
        yield* Effect.scoped(Effect.tap(open(disk, index, name), ({ keep }) => keep))
      expect(disk.names().length).toBe(4)
      const same = yield* Effect.scoped(open(disk, 9, "ALICE"))
      expect(same.location).toContain("profiles/alice")
    })
  )

  it.live("is in a folder called as the nickname, and found by all that count as the same one", () =>
    Effect.gen(function* () {
      const disk = new Disk()
      const opened = (seed: number, name: string) =>
        Effect.scoped(Effect.tap(open(disk, seed, name), ({ keep }) => keep))
      const tom = yield* opened(1, "Tom")
      expect(tom.location).toMatch(/profiles\/tom$/)
      for (const [index, name] of ["tom", "torn", "TORN"].entries())
        expect(keyOf(yield* opened(index + 2, name))).toBe(keyOf(tom))
      expect(disk.names()).toEqual(["names/torn", "profiles/tom/identity"])
      // One that was made when folders were called by the key.
      const old = new Disk()
      old.replace("profiles/torn/identity", disk.read("profiles/tom/identity")!)
      const found = yield* Effect.scoped(open(old, 9, "tom"))
      expect([keyOf(found), found.location.endsWith("profiles/torn")]).toEqual([keyOf(tom), true])
      const dropped = new Disk()
      const discarded = Effect.flatMap(open(dropped, 1, "tom"), ({ discard, keep }) => Effect.zipRight(keep, discard))
      yield* Effect.scoped(discarded)
      expect(dropped.names()).toEqual([])
    })
  )

  it.live("follows whoever takes another nickname, unless that one has a profile of its own", () =>
    Effect.gen(function* () {
      const disk = new Disk()
      const carol = yield* Effect.scoped(Effect.tap(open(disk, 7, "carol"), ({ keep }) => keep))
      const [alice, follows] = yield* Effect.scoped(
        Effect.gen(function* () {
          const alice = yield* open(disk, 1)
          yield* alice.keep
          const follows = yield* Effect.forEach(["bob", "B0b", "carol", "alice"], (name) => alice.called(nick(name)))
          return [alice, follows] as const
        })
      )
      expect(follows).toEqual([true, true, false, true])
      const again = (name: string) => Effect.map(Effect.scoped(open(disk, 9, name)), keyOf)
      expect(yield* again("bob")).toBe(keyOf(alice))
      expect(yield* again("BOB")).toBe(keyOf(alice))
      expect(yield* again("alice")).toBe(keyOf(alice))
      expect(yield* again("carol")).toBe(keyOf(carol))
    })
  )

  it.live.each([
    ["identity", "parley-identity-v1 broken"],
    ["identity", ""],
    ["known-peers.json", "{"],
    ["known-peers.json", JSON.stringify({ version: 2, peers: [] })]
  ] as const)("refuses a damaged %s by name and leaves it as it is", ([file, content]) =>
    Effect.gen(function* () {
      const disk = new Disk()
      const path = `profiles/alice/${file}`
      const bytes = new TextEncoder().encode(content)
      disk.replace(path, bytes)
      const error = yield* Effect.flip(Effect.scoped(open(disk, 1)))
      expect(error).toMatchObject({ _tag: "ProfileError", reason: "Damaged" })
      expect(error.message).toContain(path)
      expect(error.message).not.toContain("\n")
      expect(disk.read(path)).toEqual(bytes)
      expect(disk.locks.size).toBe(0)
    })
  )
})
