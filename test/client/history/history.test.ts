import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import * as History from "../../../src/client/history/History.js"
import type { HistoryEntry } from "../../../src/core/history/HistoryEntry.js"
import { MAX_SEGMENT, MAX_SEGMENTS, MAX_SEGMENTS_EACH, MIN_OF_STRANGERS } from "../../../src/core/history/Shelves.js"
import { type PeerId, peerIdOf } from "../../../src/domain/PeerId.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { Store } from "../../../src/services/Store.js"
import { inMemory } from "../../../src/sim/InMemory.js"
import { idOf } from "../../core/history/Arbitrary.js"
import { FaultyStore } from "../journal/FaultyStore.js"

const peerOf = (n: number): PeerId => peerIdOf(new Uint8Array(32).fill(n))
const ALL = { limit: 1_000 }

const received = (n: number, text = `message ${n}`, nick = "bob"): HistoryEntry => ({
  _tag: "Received",
  id: idOf(n),
  nick,
  at: n,
  text
})

/** One run of a program with a history on this disk; what it has written is on the disk afterwards. */
const life = <A>(
  faulty: FaultyStore,
  use: (history: History.History, troubles: ReadonlyArray<string>) => Effect.Effect<A, unknown>,
  asked: ReadonlyArray<PeerId> = []
) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const store = yield* Layer.buildWithScope(faulty.layer, scope)
    let salt = 0
    const history = yield* Effect.flatMap(Store, (store) =>
      History.open({
        crypto,
        entropy: { bytes: (length) => new Uint8Array(length).fill(++salt + 16 * faulty.disk.stats.writes) },
        secret: new Uint8Array(32).fill(7),
        store,
        folder: "profiles/alice/history",
        asked: () => asked
      })
    ).pipe(Effect.provide(store), Scope.extend(scope))
    const troubles: Array<string> = []
    history.attach((trouble) => void troubles.push(trouble))
    const result = yield* use(history, troubles)
    yield* Scope.close(scope, Exit.void)
    return result
  })

const texts = (history: History.History, whose: History.Whose, limit = 1_000) =>
  Effect.map(history.read(whose, { limit }), ({ messages }) => messages.map(({ text }) => text))

const test = (effect: Effect.Effect<void, unknown>) => inMemory(effect)

describe("a history", () => {
  it("touches no disk before something happens or is asked for", () =>
    test(
      Effect.gen(function* () {
        const store = new FaultyStore()
        yield* life(store, () => Effect.void)
        expect([store.disk.stats, store.disk.names()]).toMatchObject([{ reads: 0, writes: 0 }, []])
      })
    ))

  it("goes on over many short lives in one file for each peer", () =>
    test(
      Effect.gen(function* () {
        const store = new FaultyStore()
        for (let n = 1; n <= 20; n++)
          yield* life(store, (history) =>
            Effect.gen(function* () {
              history.write(peerOf(1), received(2 * n))
              history.write(peerOf(2), received(2 * n + 1, `to carol ${n}`, "carol"))
              yield* history.written
            })
          )
        expect(store.disk.names()).toHaveLength(2)
        yield* life(store, (history) =>
          Effect.gen(function* () {
            expect(yield* texts(history, { peer: peerOf(1) })).toHaveLength(20)
            expect(yield* texts(history, { nick: "CAROL" }, 2)).toEqual(["to carol 19", "to carol 20"])
            expect(yield* texts(history, { nick: "nobody" })).toEqual([])
            expect(yield* texts(history, undefined, 3)).toEqual(["to carol 19", "message 40", "to carol 20"])
            const found = yield* history.read(undefined, { limit: 3, words: ["CAROL", "1"] })
            expect([found.messages.length, found.more]).toEqual([3, 8])
          })
        )
      })
    ))

  it("loses nothing that was flushed, and of the rest only the end, wherever the power fails", () =>
    test(
      Effect.gen(function* () {
        for (let lost = 0; lost < 120; lost += 7) {
          const store = new FaultyStore()
          yield* life(store, (history) =>
            Effect.gen(function* () {
              for (let n = 1; n <= 5; n++) {
                history.write(peerOf(1), received(n))
                yield* history.written
              }
            })
          )
          yield* Effect.fork(
            life(store, (history) =>
              Effect.gen(function* () {
                for (let n = 6; n <= 10; n++) {
                  history.write(peerOf(1), received(n))
                  yield* history.written
                }
                yield* Effect.never
              })
            )
          )
          yield* Effect.sleep("1 second")
          store.restart((unsynced) => Math.max(0, unsynced - lost))
          yield* life(store, (history, troubles) =>
            Effect.gen(function* () {
              history.write(peerOf(1), received(11))
              const left = yield* texts(history, { peer: peerOf(1) })
              const before = left.slice(0, -1)
              expect(left.at(-1)).toBe("message 11")
              expect(before.length).toBeGreaterThanOrEqual(5)
              expect(before).toEqual(before.map((_, i) => `message ${i + 1}`))
              expect(troubles).toEqual([])
            })
          )
        }
      })
    ))

  it("keeps within its bounds, and forgets the oldest first", () =>
    test(
      Effect.gen(function* () {
        const store = new FaultyStore()
        const large = "x".repeat(60_000)
        yield* life(store, (history) =>
          Effect.gen(function* () {
            history.write(peerOf(2), received(1, "from long ago", "carol"))
            for (let n = 2; n < 200; n++) {
              history.write(peerOf(1), received(n, `${n} ${large}`))
              yield* history.written
            }
            const { messages, more } = yield* history.read({ peer: peerOf(1) }, ALL)
            expect(more).toBe(0)
            expect(messages.length).toBeGreaterThan(100)
            expect(messages.map(({ id }) => id)).toEqual(messages.map((_, i) => idOf(200 - messages.length + i)))
            // Of others nothing is forgotten for that.
            expect(yield* texts(history, { nick: "carol" })).toEqual(["from long ago"])
          })
        )
        expect(store.disk.names().length).toBeLessThanOrEqual(MAX_SEGMENTS_EACH + 1)
        expect(store.disk.used()).toBeLessThanOrEqual(MAX_SEGMENTS_EACH * (MAX_SEGMENT + 70_000))
      })
    ))

  it("of people we asked for stays however many strangers write, who push out each other", () =>
    test(
      Effect.gen(function* () {
        const store = new FaultyStore()
        const numbered = (n: number) => peerIdOf(Uint8Array.from({ length: 32 }, (_, i) => (i < 2 ? n >> (8 * i) : 1)))
        const friends = Array.from({ length: MAX_SEGMENTS }, (_, n) => numbered(n))
        const say = (peers: ReadonlyArray<PeerId>, from: number) => (history: History.History) =>
          Effect.forEach(peers, (peer, i) => {
            history.write(peer, received(from + i))
            return Effect.zipRight(history.written, Effect.sleep("1 second"))
          })
        const strangers = Array.from({ length: 1_000 }, (_, n) => numbered(2_000 + n))
        // Long ago, by a version or in a profile that does not know whom we have asked for.
        yield* life(store, say(friends, 0))
        yield* life(store, say(strangers, 2_000), friends)
        yield* life(store, (history) =>
          Effect.gen(function* () {
            for (const [n, peer] of friends.entries()) expect(yield* texts(history, { peer })).toEqual([`message ${n}`])
            const left = yield* Effect.filter(strangers, (peer) =>
              Effect.map(texts(history, { peer }), ({ length }) => length > 0)
            )
            expect(MIN_OF_STRANGERS).toBe(64)
            expect(left).toEqual(strangers.slice(-64))
          })
        )
        // Nor do they go when it is not known any more who they were, as long as there is room.
        yield* life(store, say(strangers.slice(-1), 5_000))
        expect(store.disk.names()).toHaveLength(256 + 64)
      })
    ))

  it("talks to more people than it holds files open for", () =>
    test(
      Effect.gen(function* () {
        const store = new FaultyStore()
        yield* life(store, (history) =>
          Effect.gen(function* () {
            for (let round = 0; round < 2; round++)
              for (let n = 0; n < 100; n++) {
                history.write(peerOf(n), received(round, `${round}`, `nick${n}`))
                yield* history.written
              }
            for (let n = 0; n < 100; n++) expect(yield* texts(history, { peer: peerOf(n) })).toEqual(["0", "1"])
          })
        )
        expect(store.disk.names()).toHaveLength(100)
      })
    ))

  it("forgets whom it is told to forget, and goes on", () =>
    test(
      Effect.gen(function* () {
        const store = new FaultyStore()
        yield* life(store, (history) =>
          Effect.gen(function* () {
            for (const n of [1, 2, 3]) history.write(peerOf(n), received(n, `${n}`, `nick${n}`))
            yield* history.clear({ peer: peerOf(1) })
            yield* history.clear({ nick: "Nick2" })
            expect(yield* texts(history, undefined)).toEqual(["3"])
            history.write(peerOf(1), received(4, "again"))
            expect(yield* texts(history, undefined)).toEqual(["3", "again"])
            yield* history.clear(undefined)
            history.write(peerOf(3), received(5, "new"))
            yield* history.written
          })
        )
        expect(store.disk.names()).toHaveLength(1)
        yield* life(store, (history) => Effect.map(texts(history, undefined), (left) => expect(left).toEqual(["new"])))
      })
    ))

  it("says once that the disk is full, and keeps on when there is room again", () =>
    test(
      Effect.gen(function* () {
        const store = new FaultyStore()
        yield* life(store, (history, troubles) =>
          Effect.gen(function* () {
            history.write(peerOf(1), received(1))
            yield* history.written
            store.disk.capacity = store.disk.used()
            for (let n = 2; n < 20; n++) {
              history.write(peerOf(1), received(n))
              yield* history.written
              yield* Effect.sleep("10 seconds")
            }
            expect(troubles).toEqual([
              "the disk is full. Chat goes on, but your history is not kept until this is mended"
            ])
            store.disk.capacity = undefined
            yield* Effect.sleep("31 seconds")
            history.write(peerOf(1), received(20))
            expect(yield* texts(history, undefined)).toEqual(["message 1", "message 20"])
            expect(troubles).toHaveLength(1)
          })
        )
      })
    ))

  it("says once what is damaged, shows the rest, and leaves the damaged file as it is", () =>
    test(
      Effect.gen(function* () {
        for (const damage of ["block", "foreign"]) {
          const store = new FaultyStore()
          yield* life(store, (history) =>
            Effect.gen(function* () {
              for (const n of [1, 2, 3]) {
                history.write(peerOf(1), received(n))
                yield* history.written
              }
            })
          )
          const [name] = store.disk.names()
          const bytes = store.disk.read(name!)!
          bytes[damage === "foreign" ? 0 : 18 + 32 + 10]! ^= 1
          store.disk.replace(name!, bytes)
          yield* life(store, (history, troubles) =>
            Effect.gen(function* () {
              const rest = damage === "foreign" ? [] : ["message 2", "message 3"]
              expect(yield* texts(history, undefined)).toEqual(rest)
              history.write(peerOf(1), received(4))
              expect(yield* texts(history, { peer: peerOf(1) })).toEqual([...rest, "message 4"])
              expect(troubles).toHaveLength(1)
              expect(troubles[0]).toContain(name)
            })
          )
          expect(store.disk.read(name!)).toEqual(bytes)
          expect(store.disk.names()).toHaveLength(2)
        }
      })
    ))

  it("tells nothing to whoever has the files without the identity, and does not believe files that were exchanged", () =>
    test(
      Effect.gen(function* () {
        const store = new FaultyStore()
        yield* life(store, (history) =>
          Effect.gen(function* () {
            history.write(peerOf(1), received(1, "meet me at the old mill"))
            history.write(peerOf(2), received(2, "buy milk", "carol"))
            yield* history.written
          })
        )
        const names = store.disk.names()
        for (const name of names) {
          const file = Buffer.from(store.disk.read(name)!).toString("latin1")
          for (const secret of ["mill", "milk", "bob", "carol", peerOf(1)]) expect(name + file).not.toContain(secret)
        }
        const [one, other] = names.map((name) => store.disk.read(name)!)
        store.disk.replace(names[0]!, other!)
        store.disk.replace(names[1]!, one!)
        yield* life(store, (history, troubles) =>
          Effect.gen(function* () {
            expect(yield* texts(history, undefined)).toEqual([])
            expect(troubles).toHaveLength(2)
          })
        )
      })
    ))
})
