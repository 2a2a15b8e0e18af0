import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { expect, it } from "vitest"
import { Disk } from "../../../src/layers/memory/Disk.js"
import * as MemoryStore from "../../../src/layers/memory/Store.js"
import { Store } from "../../../src/services/Store.js"
import * as Conformance from "../conformance/Store.js"
import { live } from "../conformance/Suite.js"

Conformance.suite("memory", live(MemoryStore.layer))

it("finds its files again on the same disk", () => {
  const disk = new Disk()
  const on = <A, E>(body: (store: typeof Store.Service) => Effect.Effect<A, E>) =>
    Effect.runSync(Effect.flatMap(Store, body).pipe(Effect.provide(MemoryStore.layerOn(disk))))
  on((store) => store.write("a", Uint8Array.of(1)))
  expect(on((store) => store.read("a"))).toEqual(Option.some(Uint8Array.of(1)))
})
