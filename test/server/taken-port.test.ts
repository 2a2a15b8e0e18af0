import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { expect, test } from "vitest"
import * as Server from "../../src/server/Server.js"
import { Datagrams, DatagramsError } from "../../src/services/Datagrams.js"
import { inMemory } from "../../src/sim/InMemory.js"
import * as Sim from "../../src/sim/Sim.js"

/** Somebody has the UDP port of this number already, whichever it is; what the server warned of. */
const warnings = (port: number) =>
  Effect.gen(function* () {
    const warned: Array<unknown> = []
    const refusing = Layer.effect(
      Datagrams,
      Effect.map(Datagrams, ({ bind }) => {
        let refused: number | undefined
        return Datagrams.of({
          bind: (options) => {
            refused ??= options.port
            return options.port !== 0 && options.port === refused
              ? Effect.fail(new DatagramsError({ reason: "AddressInUse", message: "taken" }))
              : bind(options)
          }
        })
      })
    )
    const machine = Layer.mergeAll(
      Layer.provideMerge(refusing, Sim.layer("server", { ipv4: "192.0.2.1" })),
      Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ logLevel, message }) => void (logLevel.label === "WARN" && warned.push(message)))
      )
    )
    yield* Layer.build(Layer.provide(Server.layerStandalone({ host: "192.0.2.1", port }), machine))
    return warned.length
  }).pipe((program) => inMemory(program))

test("a server on a port of its own choice takes another UDP port when that number is taken, and warns of nothing", async () => {
  expect(await warnings(0)).toBe(0)
})

test("a server on a port that was asked for warns that it has no UDP there, and serves", async () => {
  expect(await warnings(9090)).toBe(1)
})
