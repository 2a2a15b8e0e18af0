import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import * as InputFile from "../../../src/client/history/InputFile.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { Store } from "../../../src/services/Store.js"
import { inMemory } from "../../../src/sim/InMemory.js"
import { FaultyStore } from "../journal/FaultyStore.js"

/** One run of a program on this disk; what it has typed is on the disk afterwards. */
const life = <A>(
  faulty: FaultyStore,
  use: (input: InputFile.InputFile) => Effect.Effect<A>,
  secret = new Uint8Array(32).fill(7)
) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const store = yield* Layer.buildWithScope(faulty.layer, scope)
    const input = yield* Effect.flatMap(Store, (store) =>
      InputFile.open({
        crypto,
        entropy: { bytes: (length) => new Uint8Array(length).fill(faulty.disk.stats.writes) },
        secret,
        store,
        name: "profiles/alice/input"
      })
    ).pipe(Effect.provide(store), Scope.extend(scope))
    const result = yield* use(input)
    yield* Scope.close(scope, Exit.void)
    return result
  })

const bob = (text: string) => ({ conversation: "bob", text })

describe("what was typed", () => {
  it("is there in the next run, and touches no disk where nothing is typed", () =>
    inMemory(
      Effect.gen(function* () {
        const disk = new FaultyStore()
        yield* life(disk, () => Effect.void)
        expect(disk.disk.stats.writes).toBe(0)
        yield* life(disk, ({ add }) => Effect.forEach(["a", "b", " c"], (text) => add(bob(text)), { discard: true }))
        yield* life(disk, ({ add }) => add(bob("d")))
        expect(yield* life(disk, ({ lines }) => lines)).toEqual([bob("a"), bob("b"), bob("d")])
        yield* life(disk, ({ clear }) => clear("bob"))
        expect(yield* life(disk, ({ lines }) => lines)).toEqual([])
      })
    ))

  it("begins anew where the file is another identity's", () =>
    inMemory(
      Effect.gen(function* () {
        const disk = new FaultyStore()
        yield* life(disk, ({ add }) => add(bob("a")))
        const other = new Uint8Array(32).fill(8)
        expect(yield* life(disk, ({ lines }) => lines, other)).toEqual([])
      })
    ))
})
