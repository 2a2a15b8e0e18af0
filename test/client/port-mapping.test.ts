import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import * as Client from "../../src/client/Client.js"
import type { ClientOptions } from "../../src/client/ClientOptions.js"
import * as Profile from "../../src/client/Profile.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import { Router } from "../../src/layers/memory/PortMapping.js"
import * as Server from "../../src/server/Server.js"
import { inMemory } from "../../src/sim/InMemory.js"
import * as Sim from "../../src/sim/Sim.js"

const FORWARDED = "203.0.113.7:4000"
const at = (text: string) => Endpoint.parse(text)!
const pass = Effect.sleep("6 seconds")

describe("a client", () => {
  const program = (router: Router, options: Partial<ClientOptions>, check: (router: Router) => void) =>
    inMemory(
      Effect.gen(function* () {
        const host = Sim.layer("server", { ipv4: "192.0.2.1" })
        yield* Layer.build(Layer.provide(Server.layerStandalone({}), host))
        const scope = yield* Scope.make()
        const machine = Sim.layer("ann", { ipv4: "198.51.100.10" })
        const services = Layer.provideMerge(Profile.layer, Layer.merge(machine, router.layer))
        const client = yield* Client.make({ server: { host: "192.0.2.1", port: 9090 }, ...options }).pipe(
          Effect.provide(yield* Layer.buildWithScope(services, scope)),
          Scope.extend(scope)
        )
        yield* client.register("ann")
        yield* pass
        check(router)
        yield* Scope.close(scope, Exit.void)
        expect(router.ports).toEqual([])
      }).pipe(Effect.scoped, Effect.orDie, Effect.provide(Logger.remove(Logger.defaultLogger)))
    )

  it("has its port forwarded while it is there", () =>
    program(new Router(at(FORWARDED)), {}, ({ ports }) => expect(ports).toHaveLength(1)))

  it("leaves the router alone when told so", () =>
    program(new Router(at(FORWARDED)), { portMapping: false }, ({ ports }) => expect(ports).toEqual([])))
})
