import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { expect, test } from "vitest"
import * as MemoryEntropy from "../../src/layers/memory/Entropy.js"
import * as MemoryHost from "../../src/layers/memory/Host.js"
import * as Network from "../../src/layers/memory/Network.js"
import * as NodeCrypto from "../../src/layers/node/Crypto.js"
import * as Server from "../../src/server/Server.js"
import { Datagrams, DatagramsError } from "../../src/services/Datagrams.js"

/** Somebody has the UDP port of this number already, whichever it is; what the server warned of. */
const warnings = (port: number) =>
  Effect.gen(function* () {
    const network = yield* Network.make
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
    const host = MemoryHost.layer(network, { addresses: ["192.0.2.1"] })
    const machine = Layer.mergeAll(
      host,
      Layer.provide(refusing, host),
      MemoryEntropy.layer(1),
      NodeCrypto.layer,
      Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ logLevel, message }) => void (logLevel.label === "WARN" && warned.push(message)))
      )
    )
    yield* Layer.build(Layer.provide(Server.layerStandalone({ host: "192.0.2.1", port }), machine))
    return warned.length
  }).pipe(Effect.scoped, Effect.runPromise)

test("a server on a port of its own choice takes another UDP port when that number is taken, and warns of nothing", async () => {
  expect(await warnings(0)).toBe(0)
})

test("a server on a port that was asked for warns that it has no UDP there, and serves", async () => {
  expect(await warnings(9090)).toBe(1)
})
