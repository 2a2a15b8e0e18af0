import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import * as Discovery from "../../src/client/Discovery.js"
import { exactly, UNKNOWN } from "../../src/core/nat/Behaviour.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as Reflector from "../../src/server/Reflector.js"
import { Datagrams } from "../../src/services/Datagrams.js"
import { inMemory } from "../../src/sim/InMemory.js"
import * as Sim from "../../src/sim/Sim.js"

const ADDRESSES = ["198.51.100.1", "198.51.100.2"]
const SERVER = Endpoint.make(ADDRESSES[0]!, 9090)!

const HOME = "192.0.2.7"
const home = Sim.layer("home", { ipv4: HOME })

/** A server with two addresses: in the simulated world those are two machines, and a socket is on the one it names. */
const server = Layer.scoped(
  Datagrams,
  Effect.gen(function* () {
    const machines = new Map<string, typeof Datagrams.Service>()
    for (const ipv4 of ADDRESSES)
      machines.set(ipv4, yield* Effect.provide(Datagrams, yield* Layer.build(Sim.layer(ipv4, { ipv4 }))))
    return { bind: (options) => machines.get(options.address!)!.bind(options) }
  })
)

describe("Discovery", () => {
  it("examines an open network", () =>
    inMemory(
      Effect.gen(function* () {
        const addresses = ADDRESSES.map((bind) => ({ bind }))
        yield* Reflector.make({ port: 9090, software: "parley/test", addresses }).pipe(Effect.provide(server))
        const report = yield* Discovery.discover({ server: SERVER }).pipe(Effect.provide(home))
        expect(report).toMatchObject({ udp: true, server: true, translated: false, mapped: { address: HOME } })
        expect(report.mapping).toEqual(exactly("endpoint-independent"))
        expect(report.filtering).toEqual(exactly("endpoint-independent"))
      })
    ))

  it("finds in 5 s that nobody answers", () =>
    inMemory(
      Effect.gen(function* () {
        const sim = yield* Sim.Sim
        const report = yield* Discovery.discover({ server: SERVER }).pipe(Effect.provide(home))
        expect(report).toMatchObject({ udp: false, mapping: UNKNOWN })
        expect(sim.now()).toBeLessThanOrEqual(5_000)
      })
    ))
})
