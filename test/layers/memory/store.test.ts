import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Disk } from "../../../src/layers/memory/Disk.js"
import * as MemoryStore from "../../../src/layers/memory/Store.js"
import { Store } from "../../../src/services/Store.js"
import * as Conformance from "../conformance/Store.js"
import { live } from "../conformance/Suite.js"

Conformance.suite("memory", live(MemoryStore.layer))

it.effect("finds its files again on the same disk", () =>
  Effect.gen(function* () {
    const disk = new Disk()
    const on = <A, E>(body: (store: typeof Store.Service) => Effect.Effect<A, E>) =>
      Effect.flatMap(Store, body).pipe(Effect.provide(MemoryStore.layerOn(disk)))
    yield* on((store) => store.write("a", Uint8Array.of(1)))
    expect(yield* on((store) => store.read("a"))).toEqual(Option.some(Uint8Array.of(1)))
  })
)
