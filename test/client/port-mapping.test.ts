import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import type { ClientOptions } from "../../src/client/ClientOptions.js"
import * as Client from "../../src/client/make.js"
import type { PeerLink } from "../../src/client/PeerLink.js"
import * as Profile from "../../src/client/Profile.js"
import type { Self } from "../../src/client/Self.js"
import type { ServerLink } from "../../src/client/ServerLink.js"
import * as Whereabouts from "../../src/client/Whereabouts.js"
import * as LocalCandidates from "../../src/core/client/HostCandidates.js"
import { PathPolicies } from "../../src/core/client/PathPolicies.js"
import { RelayTransport } from "../../src/core/client/RelayTransport.js"
import type { Policy } from "../../src/core/peer/path/Policy.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import { Router } from "../../src/layers/memory/PortMapping.js"
import * as Server from "../../src/server/Server.js"
import { Interfaces } from "../../src/services/Interfaces.js"
import { Resolver } from "../../src/services/Resolver.js"
import { inMemory } from "../../src/sim/InMemory.js"
import * as Sim from "../../src/sim/Sim.js"

const HOST = "192.168.1.5:4000"
const FORWARDED = "203.0.113.7:4000"
const at = (text: string) => Endpoint.parse(text)!

/** What a client behind `router` says of itself; `told` is what the server was. */
const behind = (
  router: Router,
  options: { readonly path?: Policy; readonly portMapping?: boolean },
  program: (world: {
    readonly whereabouts: Whereabouts.Whereabouts
    readonly policies: PathPolicies
    readonly told: ReadonlyArray<string>
    readonly move: (address: string) => void
  }) => Effect.Effect<void>
) =>
  inMemory(
    Effect.gen(function* () {
      const told: Array<string> = []
      let address = "192.168.1.5"
      const outside = new RelayTransport((length) => new Uint8Array(length))
      const policies = new PathPolicies(options.path ?? "prefer-direct")
      const whereabouts = yield* Whereabouts.make({
        stun: [],
        portMapping: options.portMapping,
        self: { registration: {} } as unknown as Self,
        peers: {
          ports: { ipv4: 4000, ipv6: undefined },
          drive: () => undefined,
          outside: (use: (outside: RelayTransport, now: number) => unknown) => use(outside, 0)
        } as unknown as PeerLink,
        server: {
          request: (body: { readonly endpoints: ReadonlyArray<string> }) => told.push(body.endpoints.join()),
          addressesGone: () => {}
        } as unknown as ServerLink,
        policies,
        onTick: () => {},
        onTold: () => {}
      }).pipe(
        Effect.provide(router.layer),
        Effect.provideService(Interfaces, {
          addresses: Effect.sync(() => [{ family: "ipv4" as const, address, loopback: false }])
        }),
        Effect.provideService(Resolver, { resolve: () => Effect.succeed([]) })
      )
      const move = (to: string) => {
        address = to
      }
      yield* program({ whereabouts, policies, told, move })
    }).pipe(Effect.scoped)
  )

const pass = Effect.sleep("6 seconds")
const candidates = (whereabouts: Whereabouts.Whereabouts) => whereabouts.candidates().map(Endpoint.format)

describe("a forwarded port", () => {
  it("is told to the server beside our own address, and taken back when the router forwards no longer", () => {
    const router = new Router(at(FORWARDED))
    return behind(router, {}, ({ told, whereabouts }) =>
      Effect.gen(function* () {
        yield* pass
        expect(router.ports).toEqual([])
        whereabouts.greeted(at("198.51.100.1:9090"), [])
        yield* pass
        expect(router.ports).toEqual([4000])
        expect(candidates(whereabouts)).toEqual([HOST, FORWARDED])
        expect(told).toEqual([HOST, `${HOST},${FORWARDED}`])
        router.become(undefined)
        yield* pass
        expect(told.at(-1)).toBe(HOST)
      })
    )
  })

  it("is no candidate when the router is itself behind another one", () =>
    behind(new Router(at("100.64.0.7:4000")), {}, ({ whereabouts }) =>
      Effect.gen(function* () {
        whereabouts.greeted(at("198.51.100.1:9090"), [])
        yield* pass
        expect(candidates(whereabouts)).toEqual([HOST])
      })
    ))

  it("is asked for again on another network", () => {
    const router = new Router(at(FORWARDED))
    return behind(router, {}, ({ move, told, whereabouts }) =>
      Effect.gen(function* () {
        whereabouts.greeted(at("198.51.100.1:9090"), [])
        yield* pass
        move("10.0.0.5")
        yield* pass
        expect(router.renewals).toBe(1)
        expect(told.slice(-2)).toEqual(["10.0.0.5:4000", `10.0.0.5:4000,${FORWARDED}`])
      })
    )
  })

  it("is not asked for when the server is on this machine, when switched off, or when we hide", async () => {
    for (const [server, options] of [
      ["127.0.0.1:9090", {}],
      ["198.51.100.1:9090", { portMapping: false }],
      ["198.51.100.1:9090", { path: "relay-only" }]
    ] as const) {
      const router = new Router(at(FORWARDED))
      await behind(router, options, ({ whereabouts }) =>
        Effect.gen(function* () {
          whereabouts.greeted(at(server), [])
          yield* pass
          expect(router.ports).toEqual([])
          expect(candidates(whereabouts)).not.toContain(FORWARDED)
        })
      )
    }
  })

  it("is asked for when we hide no longer, and not told while we do again", () => {
    const router = new Router(at(FORWARDED))
    return behind(router, { path: "relay-only" }, ({ policies, told, whereabouts }) =>
      Effect.gen(function* () {
        whereabouts.greeted(at("198.51.100.1:9090"), [])
        yield* pass
        policies.everybody = "prefer-direct"
        whereabouts.announce()
        yield* pass
        expect(told.at(-1)).toBe(`${HOST},${FORWARDED}`)
        policies.everybody = "relay-only"
        whereabouts.announce()
        expect(told.at(-1)).toBe("")
      })
    )
  })

  it("has its place among eight candidates, once, before reflexive ones", () => {
    const hosts = Array.from({ length: 8 }, (_, i) => at(`192.168.${i}.1:4000`))
    const reflexive = ["203.0.113.7:1", "203.0.113.7:2", "[2001:db8::1]:1", "[2001:db8::1]:2"].map(at)
    const all = LocalCandidates.withOuter(hosts, [at(FORWARDED), ...reflexive])
    expect(all).toEqual([...hosts.slice(0, 3), at(FORWARDED), ...reflexive])
    const twice = LocalCandidates.withOuter(hosts, [at(FORWARDED), at(FORWARDED)])
    expect(twice).toEqual([...hosts.slice(0, 7), at(FORWARDED)])
  })
})

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
