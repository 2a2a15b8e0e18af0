import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import type { Connection } from "../../src/services/Connection.js"
import { Dialer } from "../../src/services/Dialer.js"
import { Listener } from "../../src/services/Listener.js"
import * as Sim from "../../src/sim/Sim.js"
import { SERVER, world } from "./World.js"

const EVIL = "203.0.113.66"

/** A server that passes everything on to the good one, both ways: what its clients prove, it has proven there. */
const evilServer = Effect.gen(function* () {
  const dialer = yield* Dialer
  const runtime = yield* Effect.runtime<never>()
  const scope = yield* Effect.scope
  yield* (yield* Listener).listen({ port: 9090 }, (victim) => {
    let onward: Connection | undefined
    const early: Array<Uint8Array> = []
    const dial = dialer.dial({ host: SERVER, port: 9090 }, (connection) => {
      onward = connection
      for (const data of early) connection.send(data)
      return { onData: (data) => void victim.send(data), onClose: () => victim.end() }
    })
    Runtime.runFork(runtime)(Effect.ignore(dial.pipe(Effect.provideService(Scope.Scope, scope))))
    return {
      onData: (data) => void (onward?.send(data) ?? early.push(data)),
      onClose: () => onward?.end()
    }
  })
})

describe("a server that plays another one", () => {
  it("cannot show it the proofs of its own clients", () =>
    world((world) =>
      Effect.gen(function* () {
        yield* world.server()
        const machine = Layer.provide(Sim.layer("evil", { ipv4: EVIL }), Layer.succeed(Sim.Sim, yield* Sim.Sim))
        yield* Effect.provide(evilServer, yield* Layer.build(machine))
        const dave = yield* world.client({ more: { server: { host: EVIL, port: 9090 } } })
        const refused = yield* Effect.flip(dave.client.register("dave"))
        expect(refused).toMatchObject({ _tag: "NotThisServer" })
        expect(refused.message).toContain(`start it with --name ${EVIL}`)
        const carol = yield* world.person("carol")
        expect((yield* carol.client.list).map(({ nick }) => nick)).toEqual(["carol"])
      })
    ))

  it("is no trouble for whoever dials the good one by a name of its own", () =>
    world((world) =>
      Effect.gen(function* () {
        yield* world.server({ names: ["chat.example.org"] })
        const carol = yield* world.client({ more: { server: { host: "server", port: 9090 } } })
        yield* carol.client.register("carol")
      })
    ))
})
