import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import * as NodeResolver from "../../src/layers/node/Resolver.js"
import { Resolver } from "../../src/services/Resolver.js"
import { inMemory } from "../../src/sim/InMemory.js"
import * as Sim from "../../src/sim/Sim.js"

type Resolve = (host: string) => Promise<unknown>

const lookUp = (host: string) =>
  Effect.flatMap(Resolver, (resolver) => resolver.resolve(host)).pipe(
    Effect.catchAll(({ message, reason }) => Effect.succeed({ reason, message }))
  )
const simulated: Resolve = (host) => inMemory(Effect.provide(lookUp(host), Sim.layer("here")))
const node: Resolve = (host) => Effect.runPromise(Effect.provide(lookUp(host), NodeResolver.layer))

for (const [name, resolve] of [
  ["simulated", simulated],
  ["node", node]
] as const)
  describe(`Resolver (${name})`, () => {
    it("lets literals stand for themselves, in canonical form", async () => {
      expect(await resolve("192.0.2.1")).toEqual(["192.0.2.1"])
      expect(await resolve("2001:DB8:0::1")).toEqual(["2001:db8::1"])
    })

    it("knows this machine", async () => expect(await resolve("localhost")).toContain("127.0.0.1"))

    it("fails for what is no name, with a sentence", async () => {
      // A label of 64 characters is none: no system asks the network about it.
      for (const host of ["", `${"x".repeat(64)}.invalid`])
        expect(await resolve(host)).toMatchObject({ message: expect.stringContaining(host) })
    })
  })
