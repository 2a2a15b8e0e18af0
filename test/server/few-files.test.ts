import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { expect, test } from "vitest"
import * as Server from "../../src/server/Server.js"
import { Listener, type ListenOptions } from "../../src/services/Listener.js"
import { inMemory } from "../../src/sim/InMemory.js"
import * as Sim from "../../src/sim/Sim.js"

test("a server says at its start that few files are allowed, and later that one was missing, wherever it listens", () =>
  Effect.gen(function* () {
    const warned: Array<unknown> = []
    const listened: Array<ListenOptions> = []
    const allowingFew = Layer.effect(
      Listener,
      Effect.map(Listener, ({ listen }) =>
        Listener.of({
          listen: (options, accept) => {
            listened.push(options)
            return Effect.map(listen(options, accept), (listening) => ({ ...listening, capacity: 100 }))
          }
        })
      )
    )
    const machine = Layer.mergeAll(
      Layer.provideMerge(allowingFew, Sim.layer("server", { ipv4: "192.0.2.1" })),
      Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ logLevel, message }) => void (logLevel.label === "WARN" && warned.push(String(message))))
      )
    )
    yield* Layer.build(
      Layer.provide(Server.layerStandalone({ host: "192.0.2.1", port: 9090, plainPort: 9091 }), machine)
    )
    expect(warned).toEqual(["too few open files allowed (ulimit -n) for all connections"])
    expect(listened).toHaveLength(2)
    for (const { onTrouble } of [...listened, ...listened]) onTrouble?.("connections are lost: no file is left")
    expect(warned.slice(1)).toEqual(["connections are lost: no file is left"])
  }).pipe((program) => inMemory(program)))
