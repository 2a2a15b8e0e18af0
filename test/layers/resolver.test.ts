import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import * as Network from "../../src/layers/memory/Network.js"
import * as MemoryResolver from "../../src/layers/memory/Resolver.js"
import * as NodeResolver from "../../src/layers/node/Resolver.js"
import { MAX_ADDRESSES, Resolver } from "../../src/services/Resolver.js"

const memory = Effect.runSync(
  Effect.map(Network.make, (network) => {
    network.name("many.test", [
      "2001:db8::1",
      ...Array.from({ length: 2 * MAX_ADDRESSES }, (_, index) => `192.0.2.${index}`)
    ])
    return MemoryResolver.layer(network)
  })
)

const resolve = (layer: Layer.Layer<Resolver>, host: string) =>
  Effect.flatMap(Resolver, (resolver) => resolver.resolve(host)).pipe(
    Effect.catchAll(({ message, reason }) => Effect.succeed({ reason, message })),
    Effect.provide(layer),
    Effect.runPromise
  )

for (const [name, layer] of [
  ["memory", memory],
  ["node", NodeResolver.layer]
] as const)
  describe(`Resolver (${name})`, () => {
    it("lets literals stand for themselves, in canonical form", async () => {
      expect(await resolve(layer, "192.0.2.1")).toEqual(["192.0.2.1"])
      expect(await resolve(layer, "2001:DB8:0::1")).toEqual(["2001:db8::1"])
    })

    it("knows this machine", async () => expect(await resolve(layer, "localhost")).toContain("127.0.0.1"))

    it("fails for what is no name, with a sentence", async () => {
      // A label of 64 characters is none: no system asks the network about it.
      for (const host of ["", `${"x".repeat(64)}.invalid`])
        expect(await resolve(layer, host)).toMatchObject({ message: expect.stringContaining(host) })
    })
  })

it("gives a bounded number of addresses in the system's order", async () => {
  const found = await resolve(memory, "many.test")
  expect(found).toHaveLength(MAX_ADDRESSES)
  expect(found).toMatchObject({ 0: "2001:db8::1", 1: "192.0.2.0" })
})
