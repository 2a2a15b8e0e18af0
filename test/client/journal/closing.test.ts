import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import * as History from "../../../src/client/history/History.js"
import * as MessageJournal from "../../../src/client/journal/MessageJournal.js"
import { Disk } from "../../../src/layers/memory/Disk.js"
import * as MemoryStore from "../../../src/layers/memory/Store.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { fromText } from "../../../src/protocol/Bytes.js"
import { Store } from "../../../src/services/Store.js"
import { inMemory } from "../../../src/sim/InMemory.js"
import { idOf, peerOf } from "../../core/journal/Arbitrary.js"

let salt = 0
const options = {
  crypto,
  entropy: { bytes: (length: number) => new Uint8Array(length).fill(++salt) },
  secret: new Uint8Array(32).fill(7)
}

/** One life of something that writes to this disk, closed without a moment's wait after `use`. */
const life = <A, S>(
  disk: Disk,
  open: (store: typeof Store.Service) => Effect.Effect<S, never, Scope.Scope>,
  use: (opened: S) => Effect.Effect<A, unknown>
) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const opened = yield* Effect.flatMap(Store, open).pipe(Scope.extend(scope))
    const result = yield* use(opened)
    yield* Scope.close(scope, Exit.void)
    return result
  }).pipe(Effect.provide(MemoryStore.layerOn(disk)))

const openJournal = (store: typeof Store.Service) => MessageJournal.open({ ...options, store, name: "journal" })
const accepted = (n: number) =>
  ({ _tag: "Accepted", peer: peerOf(1), id: idOf(n), sequence: n, text: fromText("hi") }) as const

it("a journal has its file before the first word, which does not wait for the disk", () =>
  inMemory(
    life(new Disk(), openJournal, (journal) =>
      Effect.gen(function* () {
        journal.attach({ written: () => {}, flushed: () => {}, changed: () => {} })
        yield* Effect.sleep("1 second")
        expect(journal.write([accepted(1)], () => "bob")).toBe(true)
      })
    )
  ))

describe("what is written last before the end is not lost", () => {
  it("by a journal", () =>
    inMemory(
      Effect.gen(function* () {
        const disk = new Disk()
        yield* life(disk, openJournal, (journal) =>
          Effect.gen(function* () {
            journal.write([accepted(1)], () => "bob")
            yield* journal.flushed
            journal.write([accepted(2)], () => "bob")
          })
        )
        yield* life(disk, openJournal, (journal) =>
          Effect.sync(() => expect(journal.waiting()).toMatchObject([{ nick: "bob", messages: 2 }]))
        )
      })
    ))

  it("by a history, which takes its time otherwise", () =>
    inMemory(
      Effect.gen(function* () {
        const disk = new Disk()
        const open = (store: typeof Store.Service) =>
          History.open({ ...options, store, folder: "history", asked: () => [] })
        const said = (n: number) => ({ _tag: "Sent", id: idOf(n), at: n, nick: "bob", text: `${n}` }) as const
        yield* life(disk, open, (history) =>
          Effect.gen(function* () {
            history.write(peerOf(1), said(1))
            yield* history.written
            history.write(peerOf(1), said(2))
          })
        )
        yield* life(disk, open, (history) =>
          Effect.gen(function* () {
            const { messages } = yield* history.read(undefined, { limit: 9 })
            expect(messages.map(({ text }) => text)).toEqual(["1", "2"])
          })
        )
      })
    ))
})
