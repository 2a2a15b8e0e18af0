import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Profile from "../client/Profile.js"
import * as MemoryFiles from "../layers/memory/Files.js"
import * as MemoryStore from "../layers/memory/Store.js"
import { layerMachine, layerNode, layerRouter, layerStore } from "../layers/node/Layers.js"
import type { Machine } from "./Machine.js"
import { ProgramError } from "./ProgramError.js"

/**
 * The programs' machine, on Node's layers. `main` imports this file when a command starts, as it is most of what there
 * is to load.
 */

/** What cannot be built ends the program, with a sentence. */
const orSay = Layer.catchAll(({ message }: { readonly message: string }) => Layer.fail(new ProgramError({ message })))

const network = orSay(Layer.merge(layerMachine, layerRouter))

export const machine: Machine = {
  network,
  store: layerStore,
  at: (home) => Layer.provideMerge(Profile.layer, orSay(layerNode({ home }))),
  passing: Layer.merge(orSay(layerMachine), MemoryFiles.layer),
  profiles: Layer.provide(Profile.layer, Layer.merge(layerMachine, MemoryStore.layer)).pipe(Layer.orDie),
  window: Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => Promise.all([import("../layers/node/Web.js"), import("../layers/node/Vitals.js")])),
      ([Web, Vitals]) => Layer.merge(Web.layer, Vitals.layer)
    )
  ),
  neighbourhood: (address, prefix) =>
    Layer.unwrapEffect(
      Effect.map(
        Effect.promise(() =>
          Promise.all([import("../layers/redis/RedisEngine.js"), import("../layers/node/NodeLinks.js")])
        ),
        ([engine, links]) => Layer.merge(orSay(engine.layer({ address, prefix })), links.layer)
      )
    ),
  simulator: Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("../layers/node/Simulator.js")),
      ({ layer }) => layer
    )
  )
}
